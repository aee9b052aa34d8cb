/// What the tests of a crowd share: a service that does with a request what the test wants, and a crowd that asks it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../../fcgi_worker/temporary_folder.hpp"
#include "crowd.hpp"
#include "scripted_server.hpp"

namespace load {

inline constexpr std::uint32_t kMostUsers = 200;

inline std::string answer_with(std::string_view status, const std::string& body, std::string_view headers = "") {
    return std::string{"HTTP/1.1 "}.append(status).append("\r\n").append(headers).append(
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

inline std::string list_of(std::uint32_t user, std::string_view headers = "") {
    const std::string todo = R"({"title":"user )" + std::to_string(user) + R"(: water the plants"},)";
    return answer_with("200 OK", "[" + todo + todo + todo + todo + todo + "]", headers);
}

// What a service may do with a request.

inline void answer(const Peer& peer) { peer.send(list_of(peer.user)); }
inline void answer_as_to_somebody_else(const Peer& peer) { peer.send(list_of(peer.user + 1)); }
inline void delete_it(const Peer& peer) { peer.send("HTTP/1.1 204 No Content\r\n\r\n"); }
inline void close_it(const Peer& peer) { peer.close(); }
inline void stay_silent(const Peer&) {}

using Happened = std::map<std::string, std::uint64_t>;

/// One user who comes, asks once for the list, and waits for the answer for up to 300 ms, unless the test has other
/// plans.
struct TheCrowd : testing::Test {
    TheCrowd() {
        common.plan = &plan;
        common.tokens = &*tokens;
        common.time_out = std::chrono::milliseconds{300};
    }

    void asks(const Sources& sources) {
        common.sources = &sources;
        plan.settle();
        common.start = Clock::now();
        for (std::uint32_t process = 0; process < common.processes; ++process) {
            Crowd{common, process, board.of(0)}.run();
        }
    }
    void asks(std::uint16_t port) { asks(Sources{INADDR_LOOPBACK, 1, {INADDR_LOOPBACK, {port, port}}}); }
    void asks_of_one_that_will(ScriptedServer::Script on_request) {
        const ScriptedServer server{std::move(on_request)};
        asks(server.port());
    }

    /// Every counter that is not 0, of the connections and of one phase; but those that depend on how fast the machine
    /// is.
    [[nodiscard]] Happened happened(std::size_t phase = 0) const {
        const ConnectionCounts& of = board.of(0).connections;
        Happened counted = requests(phase);
        counted.insert({{"open at the end", of.open.get()},
                        {"connected", of.connected.get()},
                        {"connection refused", of.refused.get()},
                        {"connection reset", of.reset.get()},
                        {"connection closed", of.closed.get()},
                        {"connection timed out", of.timed_out.get()},
                        {"TLS failed", of.tls_failed.get()},
                        {"unroutable", of.unroutable.get()},
                        {"dropped", of.dropped.get()},
                        {"returned", of.returned.get()}});
        return without_zeros(counted);
    }
    [[nodiscard]] Happened requests(std::size_t phase) const {
        const PhaseCounts& of = at(phase);
        Happened counted{{"intended", of.intended.get()},
                         {"sent", of.sent.get()},
                         {"unsent", of.unsent.get()},
                         {"answered", of.answered.get()},
                         {"ok", of.ok.get()},
                         {"timed out", of.timed_out.get()},
                         {"cut off", of.cut_off.get()},
                         {"malformed", of.malformed.get()},
                         {"checked", of.checked.get()},
                         {"foreign", of.foreign.get()},
                         {"status 200", of.status[200].get()},
                         {"status 204", of.status[204].get()},
                         {"status 503", of.status[503].get()}};
        return without_zeros(counted);
    }
    static Happened without_zeros(Happened counted) {
        std::erase_if(counted, [](const auto& one) { return one.second == 0; });
        return counted;
    }

    [[nodiscard]] PhaseCounts& at(std::size_t phase) const { return board.of(0).phases[phase]; }
    [[nodiscard]] LatencySummary latency(std::size_t phase) const {
        LatencySummary summary;
        summary.add(at(phase).latency);
        return summary;
    }
    [[nodiscard]] LatencySummary send_lag(std::size_t phase) const {
        LatencySummary summary;
        summary.add(at(phase).send_lag);
        return summary;
    }

    Plan plan{.users = 1, .ramp_rate = 1000, .phases = {}};
    Board board{1};
    Common common;

private:
    static std::string token_file(const std::string& path) {
        std::ofstream file{path};
        for (std::uint32_t user = 0; user < kMostUsers; ++user) file << token_of(user) << "\n";
        return path;
    }
    TemporaryFolder folder_;
    std::optional<TokenFile> tokens{std::in_place, token_file(folder_ / "tokens"), kMostUsers};
};

}  // namespace load
