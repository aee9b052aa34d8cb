/// bench-load: a crowd of users, each with a connection and a token of its own, who ask the todo service for their
/// todos.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "board.hpp"
#include "conductor.hpp"
#include "phases.hpp"
#include "result.hpp"
#include "sources.hpp"
#include "tls.hpp"
#include "todo_requests.hpp"
#include "token_file.hpp"
#include "watch.hpp"

namespace {

struct Options {
    std::string target;
    std::vector<std::string> allowed;
    std::string tokens;
    std::uint32_t users = 1000;
    std::vector<std::string> phases;
    double ramp_rate = 2000;
    std::uint32_t steps = 1;
    std::uint32_t step_pause_s = 3;
    std::string mix = "90:5:4:1";
    std::string source_address = "127.0.0.1";
    std::uint32_t source_addresses = 1;
    std::string source_ports = "1024-65535";
    std::uint32_t processes = 0;
    std::uint32_t time_out_ms = 10'000;
    std::uint32_t comeback_ms = 30'000;
    double checked_share = 1;
    std::string authorities;
    std::string http = "1.1";
    std::uint32_t together = 1;
    std::vector<std::string> watched;
    std::string series;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--target", options.target,
                   "ADDRESS:PORTS of the service, like 127.0.0.1:8080-8099; of 127.0.0.0/8, or allowed")
        ->required();
    app.add_option("--allow", options.allowed, "an address beyond 127.0.0.0/8 that may be asked; may be given again");
    app.add_option("--tokens", options.tokens, "file with an access token a line, for user 0, 1, ...")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--users", options.users, "connections, each with a user of its own")
        ->check(CLI::Range(1U, 10'000'000U))
        ->capture_default_str();
    app.add_option(
           "--phase", options.phases,
           "RATE:SECONDS, requests a second of all users together; with :drop=USERS so many are cut at its beginning. "
           "May be given again: one follows the other")
        ->required();
    app.add_option("--ramp", options.ramp_rate,
                   "users who come each second; the first request of each follows its connect at once")
        ->check(CLI::Range(1.0, 1e6))
        ->capture_default_str();
    app.add_option("--steps", options.steps, "the ramp stops, and memory is weighed, after each of so many parts")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--step-pause", options.step_pause_s, "seconds that it stops for")
        ->check(CLI::Range(1, 600))
        ->capture_default_str();
    app.add_option("--mix", options.mix, "LIST:CREATE:PATCH:DELETE, percent")->capture_default_str();
    app.add_option("--source-address", options.source_address,
                   "from where connections come; the first, where there are several")
        ->capture_default_str();
    app.add_option("--source-addresses", options.source_addresses, "how many, one after the other")
        ->check(CLI::Range(1, 65'536))
        ->capture_default_str();
    app.add_option("--source-ports", options.source_ports,
                   "FIRST-LAST, bound one by one for each port of the target; or 'kernel', which chooses then")
        ->capture_default_str();
    app.add_option("--processes", options.processes, "0: as many as the limit of descriptors asks for")
        ->check(CLI::Range(0, 4'000))
        ->capture_default_str();
    app.add_option("--timeout", options.time_out_ms, "milliseconds to wait for a connection, or an answer")
        ->check(CLI::Range(1'000, 60'000))
        ->capture_default_str();
    app.add_option("--comeback", options.comeback_ms, "milliseconds within which those come back who were dropped")
        ->check(CLI::Range(1, 600'000))
        ->capture_default_str();
    app.add_option("--check", options.checked_share, "share of the answers whose content is looked at")
        ->check(CLI::Range(0.01, 1.0))
        ->capture_default_str();
    app.add_option("--tls", options.authorities,
                   "asks over TLS 1.3, and trusts the certificates in this PEM file; in the clear without it")
        ->check(CLI::ExistingFile);
    app.add_option("--http", options.http, "the version of HTTP; 2 only over TLS, as browsers have it")
        ->check(CLI::IsMember({"1.1", "2"}))
        ->capture_default_str();
    app.add_option("--together", options.together,
                   "requests that a user asks at the same moment, each a stream of HTTP/2")
        ->check(CLI::Range(1U, load::kMostTogether))
        ->capture_default_str();
    app.add_option("--watch", options.watched,
                   "NAME=PID: a process whose time and memory, and those of its children, are part of the result; may "
                   "be given again");
    app.add_option("--series", options.series, "file that gets a line of JSON each second");
}

/// What one process may open, as far as it may be raised.
std::uint32_t raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::uint32_t>(std::min<rlim_t>(limit.rlim_cur, 1'000'000));
}

load::Plan plan_of(const Options& options) {
    load::Plan plan;
    plan.users = options.users;
    plan.ramp_rate = options.ramp_rate;
    plan.steps = std::min(options.steps, options.users);
    plan.step_pause = std::chrono::seconds{options.step_pause_s};
    if (options.phases.size() > load::kMostPhases)
        throw std::invalid_argument("a run has at most " + std::to_string(load::kMostPhases) + " phases");
    for (const std::string& phase : options.phases) plan.phases.push_back(load::parse_phase(phase));
    plan.together = options.together;
    plan.settle();
    return plan;
}

std::optional<load::TlsContext> tls_of(const Options& options) {
    const bool is_http2 = options.http == "2";
    if (is_http2 && options.authorities.empty())
        throw std::invalid_argument("--http 2 is spoken over TLS only: give --tls a file of certificates");
    if (!is_http2 && options.together > 1)
        throw std::invalid_argument("HTTP/1.1 has one request at a time on a connection: --together takes --http 2");
    if (options.authorities.empty()) return std::nullopt;
    return std::optional<load::TlsContext>{std::in_place, options.authorities,
                                           options.target.substr(0, options.target.find(':')),
                                           is_http2 ? load::Protocol::kHttp2 : load::Protocol::kHttp1};
}

load::Sources sources_of(const Options& options) {
    const load::Target target = load::parse_target(options.target);
    const std::uint32_t first = load::parse_address(options.source_address);
    load::require_allowed(target.address, options.allowed);
    load::Sources sources =
        options.source_ports == "kernel"
            ? load::Sources{first, options.source_addresses, target}
            : load::Sources{first, options.source_addresses, load::parse_port_range(options.source_ports), target};
    if (sources.count() < options.users) {
        throw std::invalid_argument(
            std::to_string(options.users) +
            " connections cannot be told apart: addresses x source ports x target's ports are " +
            std::to_string(sources.count()) + "; name more with --source-addresses or --source-ports");
    }
    return sources;
}

std::uint32_t processes_of(const Options& options, std::uint32_t descriptors) {
    // Standard streams, the epoll, the series' file and what is open for a moment.
    constexpr std::uint32_t kOther = 16;
    const std::uint32_t needed = (options.users + descriptors - kOther - 1) / (descriptors - kOther);
    if (options.processes == 0) return needed;
    if (options.processes < needed) {
        throw std::invalid_argument("a process may open " + std::to_string(descriptors) +
                                    " descriptors: " + std::to_string(options.users) + " users need " +
                                    std::to_string(needed) + " processes; name as many with --processes, or none");
    }
    return std::min(options.processes, options.users);
}

void run(const Options& options) {
    const load::Plan plan = plan_of(options);
    const load::Sources sources = sources_of(options);
    const load::TokenFile tokens{options.tokens, options.users};
    const std::optional<load::TlsContext> tls = tls_of(options);
    std::vector<load::Role> roles;
    for (const std::string& role : options.watched) roles.push_back(load::parse_role(role));
    std::ofstream series;
    if (!options.series.empty()) {
        series.open(options.series);
        if (!series) throw std::runtime_error("the file " + options.series + " cannot be written");
    }

    load::Common common;
    common.plan = &plan;
    common.sources = &sources;
    common.tokens = &tokens;
    if (tls) common.tls = &*tls;
    common.mix = load::Mix{options.mix};
    common.time_out = std::chrono::milliseconds{options.time_out_ms};
    common.comeback = std::chrono::milliseconds{options.comeback_ms};
    common.checked_share = options.checked_share;
    common.processes = processes_of(options, raise_descriptor_limit());

    const load::Board board{common.processes};
    load::Conductor conductor{common, board, roles, options.series.empty() ? nullptr : &series};
    const load::Findings findings = conductor.run();
    std::cout << load::to_json(common, board, roles, findings) << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "Holds many connections to a todo service, asks over each at its time, and says how that went: JSON on "
        "standard output. SIGTERM ends it early: what was counted until then is the result"};
    declare(app, options);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a connection that has ended as to any other
    std::signal(SIGTERM, [](int) { load::Conductor::stop(); });
    try {
        app.parse(argc, argv);
        run(options);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "bench-load: " << error.what() << '\n';
        return 1;
    }
}
