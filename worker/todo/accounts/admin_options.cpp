#include <CLI/CLI.hpp>
#include <array>
#include <string>
#include <utility>

#include "accounts/admin.hpp"

namespace todo {
namespace {

struct Command {
    AdminAction action;
    const char* name;
    const char* help;
};

constexpr std::array<Command, 6> kCommands{{
    {AdminAction::kList, "list", "Print accounts, one a line, in the order of their owners' ids"},
    {AdminAction::kBlock, "block", "End an account's sessions and let nobody in; its todos stay"},
    {AdminAction::kUnblock, "unblock", "Let the owner of a blocked account in again"},
    {AdminAction::kEndSessions, "end-sessions",
     "End an account's sessions: whoever has its password may sign in again"},
    {AdminAction::kRemoveAccount, "remove", "Remove an account with all its todos, for good"},
    {AdminAction::kSweep, "sweep",
     "Remove what has served its time: sessions, and accounts without an email, unused for 90 days; old tombstones"},
}};

bool names_an_account(AdminAction action) { return action != AdminAction::kList && action != AdminAction::kSweep; }

}  // namespace

std::variant<AdminOptions, HelpText> parse_admin_options(int argc, const char* const* argv) {
    constexpr std::size_t kMostAccounts = 10'000;
    AdminOptions options;
    CLI::App app{"Does something to accounts.", "todo-worker admin"};
    app.require_subcommand(1);
    app.add_option("--database", options.database, "libpq connection string; default dbname=todo [TODO_DATABASE]")
        ->envname("TODO_DATABASE")
        ->option_text("DSN");
    app.add_option("--shards", options.shards, "Of each table, as todo-worker has it; default 0 [TODO_SHARDS]")
        ->envname("TODO_SHARDS")
        ->option_text("N")
        ->check(CLI::Range(std::size_t{0}, kMostShards));
    for (const Command& command : kCommands) {
        CLI::App* const one = app.add_subcommand(command.name, command.help);
        one->fallthrough();
        one->callback([&options, &command] { options.action = command.action; });
        if (names_an_account(command.action)) {
            one->add_option("account", options.who, "Its owner's id, or its email")->required();
        }
        if (command.action == AdminAction::kList) {
            one->add_option("--after", options.after, "The last owner's id of the page before")->option_text("OWNER");
            one->add_option("--limit", options.limit, "Accounts at most; 1..10000, default 100")
                ->option_text("N")
                ->check(CLI::Range(std::size_t{1}, kMostAccounts));
        }
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return HelpText{app.help("", CLI::AppFormatMode::All)};
    } catch (const CLI::ParseError& error) {
        throw OptionError(std::string{"admin: "} + error.what());
    }
    return options;
}

}  // namespace todo
