/// What an operator may set: flags, a config file and the environment, from one declaration each.
///
/// `--threads 32`, `threads = 32` in the file that --config names, and TODO_THREADS=32 mean the same; the first
/// of these that is given counts. A default stands at its field in the part that it is for.
///
/// Threads: call before there is a second one; it reads the environment.
/// Errors:  OptionError, whose text is one line for the operator: option, value, and what is allowed.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <fcgi_worker/listen_socket.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/server.hpp>

#include "accounts/mail.hpp"
#include "accounts/token.hpp"
#include "pg_store.hpp"
#include "routes.hpp"
#include "status.hpp"

namespace todo {

/// Owns every todo under --anonymous-owner. It is a valid UUIDv7, so that whatever checks owners accepts it; its
/// time is 1970, so that make_uuid_v7() never makes it again; and it is not all zero, which is what an OwnerId
/// that somebody forgot to fill would be.
inline constexpr std::string_view kAnonymousOwner = "00000000-0000-7000-8000-000000000001";

struct Options {
    std::string listen = "inherit";  ///< `inherit`: the supervisor has opened it; or `unix:/path`, or `host:port`.
    fcgi_worker::ListenOptions listen_options;
    /// Its handlers wait for nothing but the database. Two threads for two processors, and one for what comes
    /// meanwhile: more were slower (docs/performance.md).
    fcgi_worker::ServerOptions server{.awake_threads = 3};
    fcgi_worker::pq::PoolOptions pool{.dsn = "dbname=todo", .statements = {}};  ///< The statements are main's to add.
    ApiOptions api;
    TokenOptions tokens;
    MailOptions mail;
    std::optional<OwnerId> anonymous_owner;  ///< Each request acts for this one, and there are no accounts.
    StoreOptions store;                      ///< Its wait_timeout is main's to add.
    StatusOptions status;
    fcgi_worker::LogLevel log_level = fcgi_worker::LogLevel::kInfo;
};

/// The answer to --help and --version: print it, and be done.
struct HelpText {
    std::string text;
};

class OptionError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

[[nodiscard]] std::variant<Options, HelpText> parse_options(int argc, const char* const* argv);

/// "0.1.0"
[[nodiscard]] std::string_view version();

}  // namespace todo
