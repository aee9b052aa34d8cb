/// todo-worker admin: what an operator does to accounts.
///
///     todo-worker admin list [--after OWNER] [--limit N]
///     todo-worker admin block|unblock|end-sessions|remove OWNER|EMAIL
///     todo-worker admin sweep
///
/// Threads: call before there is a second one; it reads the environment.
/// Errors:  OptionError (options.hpp); std::runtime_error, one line for the operator; fcgi_worker::Unavailable.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <variant>

#include "options.hpp"

namespace todo {

enum class AdminAction { kList, kBlock, kUnblock, kEndSessions, kRemoveAccount, kSweep };

struct AdminOptions {
    AdminAction action = AdminAction::kList;
    std::string database = "dbname=todo";  ///< As todo-worker's --database.
    std::size_t shards = 0;                ///< As todo-worker's --shards.
    std::string who = {};                  ///< An owner's id or an email.
    std::string after = {};                ///< An owner's id, of kList.
    std::size_t limit = 100;               ///< 1..10,000 accounts of kList; a screenful or some.
};

/// `argv` begins with `admin`, in the place of the program's name.
[[nodiscard]] std::variant<AdminOptions, HelpText> parse_admin_options(int argc, const char* const* argv);

/// Does it, and says on `out` what was done. After start_crypto().
void run_admin(const AdminOptions& options, std::ostream& out);

}  // namespace todo
