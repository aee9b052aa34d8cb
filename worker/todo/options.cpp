#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "accounts/email.hpp"

namespace todo {
namespace {

using std::chrono::milliseconds;

struct Range {
    std::uint64_t least;
    std::uint64_t most;
    const char* unit;  ///< " ms"; empty for plain numbers.
};

constexpr Range kWait{10, 600'000, " ms"};

/// What a text may be. --help and todo-worker.conf(5) name it, and so does who refuses another.
struct Kind {
    const char* name;
    bool (*fits)(const std::string&);
};

/// "--io-timeout-ms" -> "TODO_IO_TIMEOUT_MS"
std::string environment_name(std::string_view option) {
    std::string name = "TODO_";
    for (const char c : option.substr(2)) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name;
}

/// CLI11 reads 0x10, 010, and -1 as a huge number; an operator means decimal digits.
std::optional<std::uint64_t> parse_number(const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return number;
}

/// Declares options one by one: name, what it sets, what is allowed, what it means.
class Declarations {
public:
    explicit Declarations(CLI::App& app) : app_(app) {}

    void number(const char* name, std::size_t& field, const Range& range, const char* help) {
        declare_number(
            name, field, [&field](std::uint64_t value) { field = value; }, range, help);
    }

    void number(const char* name, int& field, const Range& range, const char* help) {
        declare_number(
            name, static_cast<std::uint64_t>(field), [&field](std::uint64_t value) { field = static_cast<int>(value); },
            range, help);
    }

    void number(const char* name, milliseconds& field, const Range& range, const char* help) {
        declare_number(
            name, static_cast<std::uint64_t>(field.count()),
            [&field](std::uint64_t value) { field = milliseconds{value}; }, range, help);
    }

    void text(const char* name, std::string& field, const char* placeholder, const Kind& kind, const char* help) {
        const std::string by_default = field.empty() ? "none" : field;
        allow_only(document(app_.add_option(name, field), name, placeholder, help, kind.name, by_default), kind);
    }

    void flag(const char* name, bool& field, const char* help) {
        constexpr Kind kKind{"true or false",
                             [](const std::string& text) { return text == "true" || text == "false"; }};
        allow_only(document(app_.add_flag(name, field), name, " ", help, kKind.name, field ? "true" : "false"), kKind);
    }

private:
    void declare_number(const char* name, std::uint64_t by_default, const std::function<void(std::uint64_t)>& set,
                        const Range& range, const char* help) {
        const std::string allowed =
            std::to_string(range.least) + ".." + std::to_string(range.most) + std::string(range.unit);
        document(app_.add_option_function<std::string>(
                     name, [set](const std::string& text) { set(parse_number(text).value()); }),
                 name, "N", help, allowed, std::to_string(by_default))
            ->check(
                [range, allowed](const std::string& text) {
                    const auto value = parse_number(text);
                    const bool fits = value && *value >= range.least && *value <= range.most;
                    return fits ? std::string{} : "'" + text + "' is not in " + allowed;
                },
                "");
    }

    static void allow_only(CLI::Option* option, const Kind& kind) {
        option->check(
            [kind](const std::string& text) {
                return kind.fits(text) ? std::string{} : "'" + text + "' is not " + kind.name;
            },
            "");
    }

    /// The form is read by worker/package/conf-manual: nothing but `help` may have a semicolon in it.
    static CLI::Option* document(CLI::Option* option, const char* name, const char* placeholder, const char* help,
                                 const std::string& allowed, const std::string& by_default) {
        const std::string variable = environment_name(name);
        return option->envname(variable)
            ->type_name(placeholder)
            ->option_text(placeholder)
            ->description(std::string(help) + "; " + allowed + ", default " + by_default + " [" + variable + "]");
    }

    CLI::App& app_;
};

constexpr Kind kDsn{"a connection string of libpq", [](const std::string& text) { return !text.empty(); }};

constexpr Kind kDirectory{"an absolute path", [](const std::string& text) { return text.starts_with('/'); }};
constexpr Kind kFile{"the absolute path of a file", kDirectory.fits};

bool is_claim(const std::string& text) {
    constexpr std::size_t kLongest = 255;  // more than any issuer's URL
    return !text.empty() && text.size() <= kLongest;
}
constexpr Kind kClaim{"1..255 characters", is_claim};

constexpr Kind kEmail{"an email address, as ada@example.org",
                      [](const std::string& text) { return complaint_about_email(text).empty(); }};

/// A fragment is appended to it.
bool is_page_url(const std::string& text) {
    const bool has_scheme = text.starts_with("https://") || text.starts_with("http://");
    const bool is_plain = text.find_first_of("?#@\\\"<> \t\r\n") == std::string::npos;
    return has_scheme && is_plain && text.ends_with('/');
}
constexpr Kind kPageUrl{"a URL with a slash at its end, as https://todo.example/", is_page_url};

bool is_listen_address(const std::string& text) {
    const bool is_path = text.starts_with("unix:/");
    const bool has_port = !text.starts_with("unix:") && text.find(':', 1) != std::string::npos;
    return text == "inherit" || is_path || has_port;
}
constexpr Kind kListenAddress{"inherit, unix:/path or host:port", is_listen_address};

/// As chmod takes it.
std::optional<unsigned> parse_mode(const std::string& text) {
    unsigned mode = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, mode, 8);
    if (error != std::errc{} || rest != end || mode > 0777) return std::nullopt;
    return mode;
}
constexpr Kind kMode{"an octal number in 0..0777",
                     [](const std::string& text) { return parse_mode(text).has_value(); }};

constexpr Kind kGroup{"the name of a group",
                      [](const std::string& text) { return text.find_first_of(" \t:/") == std::string::npos; }};

/// Paths of todos are appended to it.
bool is_public_url(const std::string& text) {
    std::string_view rest = text;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (rest.starts_with(scheme)) {
            rest.remove_prefix(scheme.size());
            break;
        }
    }
    const bool has_scheme = rest.size() < text.size();
    const bool is_host = !rest.empty() && rest.find_first_of("/?#@\\\" \t") == std::string_view::npos;
    return text.empty() || (has_scheme && is_host);
}
constexpr Kind kPublicUrl{"scheme, host and port alone, as https://todo.example:8443", is_public_url};

using fcgi_worker::LogLevel;
constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLogLevels{{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warning", LogLevel::kWarning},
    {"error", LogLevel::kError},
}};

const auto* find_log_level(std::string_view name) {
    return std::find_if(kLogLevels.begin(), kLogLevels.end(),
                        [name](const auto& level) { return level.first == name; });
}

constexpr Kind kLogLevel{"debug, info, warning or error",
                         [](const std::string& text) { return find_log_level(text) != kLogLevels.end(); }};

std::optional<std::vector<std::string>> parse_combine(const std::string& text) {
    if (text == "all") return std::vector<std::string>{kCombinable.begin(), kCombinable.end()};
    std::vector<std::string> names;
    if (text == "none") return names;
    std::istringstream rest{text + ","};
    for (std::string name; std::getline(rest, name, ',');) {
        if (std::find(kCombinable.begin(), kCombinable.end(), name) == kCombinable.end()) return std::nullopt;
        names.push_back(std::move(name));
    }
    return names;
}
constexpr Kind kCombine{"all, none, or some of list, get, create, replace, patch, delete",
                        [](const std::string& text) { return parse_combine(text).has_value(); }};

/// Who waits for something gives up before the one who waits for him: the answer then says what was slow, and
/// nobody works for a client that has gone.
void require_less(const char* shorter_name, milliseconds shorter, const char* longer_name, milliseconds longer) {
    if (shorter < longer) return;
    throw OptionError(std::string(shorter_name) + " (" + std::to_string(shorter.count()) + ") must be less than " +
                      longer_name + " (" + std::to_string(longer.count()) + ")");
}

void check_together(const Options& options) {
    const auto& pool = options.pool;
    require_less("--statement-timeout-ms", pool.statement_timeout, "--request-budget-ms",
                 options.server.request_budget);
    require_less("--request-budget-ms", options.server.request_budget, "--drain-timeout-ms",
                 options.server.drain_timeout);
    require_less("--queue-target-ms", options.server.queue_target, "--request-budget-ms",
                 options.server.request_budget);
    require_less("--lock-timeout-ms", pool.lock_timeout, "--statement-timeout-ms", pool.statement_timeout);
    require_less("--acquire-timeout-ms", pool.acquire_timeout, "--lock-timeout-ms", pool.lock_timeout);
    if (options.store.shards > 0 && options.store.combiner.batch_interval.count() > 0) {
        throw OptionError("--batch-interval-ms is for one server: with --shards the batches of all shards would wait");
    }
    const MailOptions& mail = options.mail;
    if (mail.command.empty() != mail.from.empty() || mail.command.empty() != mail.page_url.empty()) {
        throw OptionError("--mail-command, --mail-from and --page-url belong together: give all three or none");
    }
    if (options.anonymous_owner && !mail.command.empty()) {
        throw OptionError("--mail-command is of no use with --anonymous-owner, where nobody has an email");
    }
    if (options.anonymous_owner && !options.tokens.keys_file.empty()) {
        throw OptionError("--anonymous-owner and --token-keys are two ways to say who asks: take one of them");
    }
}

/// A value may hold a line break; what is said about it may not.
std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, '?');
    return text;
}

}  // namespace

std::string_view version() { return TODO_WORKER_VERSION; }

std::variant<Options, HelpText> parse_options(int argc, const char* const* argv) {
    Options options;
    std::string log_level = "info";
    std::string listen_mode = "0660";
    std::string combine = "all";
    bool anonymous_owner = false;

    CLI::App app{"Serves the todo API over FastCGI, from PostgreSQL.", "todo-worker"};
    app.set_version_flag("--version", "todo-worker " + std::string(version()), "Print the version and exit");
    app.set_config("--config", "", R"(Read options from a file, one a line: threads = 32, database = "dbname=todo")")
        ->option_text("FILE");
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.footer("An option on the command line counts before the config file, and that before the environment.");

    Declarations declare{app};
    declare.text(
        "--listen", options.listen, "ADDRESS", kListenAddress,
        "Where requests come from; inherit: a listening socket from systemd, or descriptor 0; host:port: one that "
        "only the web server reaches");
    declare.text("--listen-mode", listen_mode, "MODE", kMode, "Permissions of unix:/path");
    declare.text("--listen-group", options.listen_options.group, "GROUP", kGroup,
                 "Group of unix:/path: the web server's");
    declare.number("--listen-backlog", options.listen_options.backlog, {1, 65535, ""},
                   "Connections that may wait to be accepted, where the socket is not inherited");
    declare.number("--listen-connections", options.server.connections, {1, 1'000'000, ""},
                   "Connections of the web server that are open at once, idle ones as well");
    declare.number("--threads", options.server.threads, {1, 1024, ""}, "Threads that work on requests");
    declare.number("--awake-threads", options.server.awake_threads, {0, 1024, ""},
                   "Threads that are awake beside those that wait for a statement; 0: all");
    declare.number("--requests", options.server.requests, {1, 10000, ""},
                   "Requests worked on at the same time, also those that wait for the database without a thread");
    declare.number("--body-bytes", options.server.body_bytes, {1024, 64 << 20, " bytes"},
                   "Longest body of a request; a longer one is answered 413");
    declare.number("--request-budget-ms", options.server.request_budget, kWait,
                   "Time for one request from its arrival at the web server; then it is answered 503");
    declare.number("--queue-target-ms", options.server.queue_target, {1, 600'000, " ms"},
                   "Longest wait for a thread while more requests come than can be served; then it is answered 503");
    declare.number("--queue-interval-ms", options.server.queue_interval, {1, 600'000, " ms"},
                   "Time that a queue may stand before --queue-target-ms holds");
    declare.number("--io-timeout-ms", options.server.io_timeout, kWait,
                   "Longest silence of the web server in the middle of a request");
    declare.number("--idle-timeout-ms", options.server.idle_timeout, {100, 86'400'000, " ms"},
                   "Longest time without a request on a connection; much longer than the web server keeps one");
    declare.number("--drain-timeout-ms", options.server.drain_timeout, kWait,
                   "Longest time from TERM to the end, while the web server lets go; more than --request-budget-ms");
    declare.text("--database", options.pool.dsn, "DSN", kDsn,
                 "Where the database is; a password is not for the command line, which everybody may read");
    declare.number("--connections", options.pool.connections, {1, 100, ""}, "PostgreSQL connections of this process");
    declare.number("--connection-uses", options.pool.uses, {0, 1'000'000, ""},
                   "Replaces a connection after it was used so often; 0: after half an hour");
    declare.number("--acquire-timeout-ms", options.pool.acquire_timeout, {1, 60'000, " ms"},
                   "Longest wait for a free connection; less than --lock-timeout-ms");
    declare.number("--statement-timeout-ms", options.pool.statement_timeout, {1, 600'000, " ms"},
                   "Longest run of a statement; less than --request-budget-ms");
    declare.number("--lock-timeout-ms", options.pool.lock_timeout, {1, 600'000, " ms"},
                   "Longest wait of a statement for a lock; less than --statement-timeout-ms");
    declare.text("--combine", combine, "NAMES", kCombine,
                 "Kinds of requests that share a round trip to PostgreSQL, with commas between them");
    declare.number("--batch-size", options.store.combiner.batch_size, {1, 1000, ""},
                   "Requests that share one round trip at most");
    declare.number("--batches-in-flight", options.store.combiner.batches_in_flight, {1, 100, ""},
                   "Round trips of one kind at the same time, each on a connection");
    declare.number("--batch-interval-ms", options.store.combiner.batch_interval, {0, 1000, " ms"},
                   "Shortest time between two round trips of one kind, so that more requests share each");
    declare.number(
        "--shards", options.store.shards, {0, kMostShards, ""},
        "Shards of each table, where sql/citus/spread.sql has spread these over several machines; 0: one server");
    declare.text("--public-url", options.api.public_url, "URL", kPublicUrl,
                 "Address that clients see, for the urls of todos; without it that of the request");
    declare.flag("--anonymous-owner", anonymous_owner,
                 "Nobody signs in: all todos belong to one owner, and whoever reaches the service may change them");
    declare.text("--token-keys", options.tokens.keys_file, "FILE", kFile,
                 "Keys that sign and verify access tokens, a JWK Set; nobody else may read it");
    declare.text("--token-issuer", options.tokens.issuer, "ISS", kClaim,
                 "Another issuer whose tokens count, with RS256 or ES256 keys in --token-keys: what they say in iss");
    declare.text("--token-audience", options.tokens.audience, "AUD", kClaim,
                 "What tokens of --token-issuer must have in aud");
    declare.text("--token-owner-claim", options.tokens.owner_claim, "NAME", kClaim,
                 "Where tokens of --token-issuer say whose they are");
    declare.text("--mail-command", options.mail.command, "FILE", kFile,
                 "Program that takes mails as sendmail does: verifies emails, and replaces lost passwords");
    declare.text("--mail-from", options.mail.from, "EMAIL", kEmail, "Sender of these mails");
    declare.text("--page-url", options.mail.page_url, "URL", kPageUrl, "Page that links in these mails lead to");
    declare.number("--max-todos", options.store.max_todos, {1, 1'000'000, ""}, "Todos that one owner may have");
    declare.text("--status-dir", options.status.directory, "DIR", kDirectory,
                 "Where status-SLOT.sock is made, which serves /livez, /readyz and /metrics; without it nothing does");
    declare.number("--slots", options.status.slots, {1, 1000, ""}, "Processes that may share --status-dir");
    declare.text("--log-level", log_level, "LEVEL", kLogLevel, "Least that is logged");
    declare.number("--log-sample", options.server.log_sample, {0, 1'000'000, ""},
                   "Requests in each second that are logged, and then one of so many; 1: all, 0: none");
    declare.number("--slow-request-ms", options.server.slow_request, {1, 600'000, " ms"},
                   "What takes as long is always logged, as a warning that says what it waited for");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return HelpText{app.help()};
    } catch (const CLI::CallForVersion& answer) {
        return HelpText{std::string(answer.what()) + "\n"};
    } catch (const CLI::ConfigError& error) {
        throw OptionError(one_line(std::string("--config: ") + error.what()));
    } catch (const CLI::FileError& error) {
        throw OptionError(one_line(std::string("--config: ") + error.what()));
    } catch (const CLI::ParseError& error) {
        throw OptionError(one_line(error.what()));
    }
    if (anonymous_owner) options.anonymous_owner = OwnerId{Uuid::parse(kAnonymousOwner).value()};
    options.store.combine = parse_combine(combine).value();
    options.listen_options.mode = parse_mode(listen_mode).value();
    options.log_level = options.server.log_level = find_log_level(log_level)->second;
    check_together(options);
    return options;
}

}  // namespace todo
