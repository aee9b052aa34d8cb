/// todo-worker's options: what an operator may set, and what each mistake is answered with.
#include "options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

namespace todo {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::variant<Options, HelpText> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "todo-worker");
    return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options options_of(std::vector<const char*> arguments) { return std::get<Options>(parse(std::move(arguments))); }

std::string help_of(const char* flag) { return std::get<HelpText>(parse({flag})).text; }

/// What is said about arguments that are wrong.
std::string complaint_about(std::vector<const char*> arguments) {
    try {
        parse(std::move(arguments));
    } catch (const OptionError& error) {
        return error.what();
    }
    return "no complaint";
}

// NOLINTBEGIN(concurrency-mt-unsafe): these tests have one thread.
/// A variable of the environment while a test runs.
class EnvironmentVariable {
public:
    EnvironmentVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    ~EnvironmentVariable() { unsetenv(name_); }
    EnvironmentVariable(const EnvironmentVariable&) = delete;
    EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

private:
    const char* name_;
};
// NOLINTEND(concurrency-mt-unsafe)

/// A config file while a test runs.
class ConfigFile {
public:
    explicit ConfigFile(const std::string& text) { std::ofstream(path_) << text; }
    ~ConfigFile() { std::filesystem::remove(path_); }
    ConfigFile(const ConfigFile&) = delete;
    ConfigFile& operator=(const ConfigFile&) = delete;

    [[nodiscard]] const char* path() const { return path_.c_str(); }

private:
    std::string path_ = testing::TempDir() + "options_test." + std::to_string(getpid()) + ".conf";
};

TEST(Options, HaveTheDefaultsOfThePartsTheyAreFor) {
    const auto options = options_of({});

    EXPECT_EQ(options.server.threads, fcgi_worker::ServerOptions{}.threads);
    EXPECT_EQ(options.server.requests, fcgi_worker::ServerOptions{}.requests);
    EXPECT_EQ(options.server.awake_threads, 3U);
    EXPECT_EQ(options.pool.connections, 20U);
    EXPECT_EQ(options.pool.dsn, "dbname=todo");
    EXPECT_EQ(options.listen, "inherit");
    EXPECT_EQ(options.store.max_todos, 10'000U);
    EXPECT_EQ(options.status.directory, "");
    EXPECT_FALSE(options.anonymous_owner);
}

TEST(Options, SayInHowManyShardsTheTablesAre) {
    EXPECT_EQ(options_of({}).store.shards, 0U);
    EXPECT_EQ(options_of({"--shards=32"}).store.shards, 32U);
    EXPECT_THROW(options_of({"--shards=64001"}), OptionError);
    EXPECT_THAT(complaint_about({"--shards=32", "--batch-interval-ms=1"}), testing::HasSubstr("--batch-interval-ms"));
    EXPECT_EQ(options_of({"--shards=0", "--batch-interval-ms=1"}).store.combiner.batch_interval, milliseconds{1});
}

TEST(Options, CombineAllOrNoneOrSome) {
    EXPECT_THAT(options_of({}).store.combine, testing::ElementsAreArray(kCombinable));
    EXPECT_THAT(options_of({"--combine=all"}).store.combine, testing::ElementsAreArray(kCombinable));
    EXPECT_THAT(options_of({"--combine=none"}).store.combine, testing::IsEmpty());
    EXPECT_THAT(options_of({"--combine=delete"}).store.combine, testing::ElementsAre("delete"));
    for (const char* wrong : {"--combine=", "--combine=some", "--combine=list,", "--combine=list,all"}) {
        EXPECT_THROW(options_of({wrong}), OptionError) << wrong;
    }
}

TEST(Options, FillThePartsTheyAreFor) {
    const auto options = options_of({"--threads=32",
                                     "--body-bytes=2048",
                                     "--request-budget-ms=4000",
                                     "--io-timeout-ms=3000",
                                     "--database=host=/tmp dbname=x",
                                     "--connections=7",
                                     "--connection-uses=11",
                                     "--acquire-timeout-ms=5",
                                     "--statement-timeout-ms=900",
                                     "--lock-timeout-ms=800",
                                     "--max-todos=9",
                                     "--status-dir=/run/x",
                                     "--slots=3",
                                     "--listen=unix:/run/w.sock",
                                     "--public-url=https://todo.example",
                                     "--log-level=debug",
                                     "--log-sample=0",
                                     "--slow-request-ms=70",
                                     "--queue-target-ms=15",
                                     "--queue-interval-ms=250",
                                     "--combine=list,create",
                                     "--batch-size=12",
                                     "--batches-in-flight=3",
                                     "--batch-interval-ms=7"});

    EXPECT_EQ(options.server.threads, 32U);
    EXPECT_EQ(options.server.body_bytes, 2048U);
    EXPECT_EQ(options.server.request_budget, milliseconds{4000});
    EXPECT_EQ(options.server.io_timeout, milliseconds{3000});
    EXPECT_EQ(options.pool.dsn, "host=/tmp dbname=x");
    EXPECT_EQ(options.pool.connections, 7U);
    EXPECT_EQ(options.pool.uses, 11U);
    EXPECT_EQ(options.pool.acquire_timeout, milliseconds{5});
    EXPECT_EQ(options.pool.statement_timeout, milliseconds{900});
    EXPECT_EQ(options.pool.lock_timeout, milliseconds{800});
    EXPECT_EQ(options.store.max_todos, 9U);
    EXPECT_EQ(options.store.combiner.batch_interval, milliseconds{7});
    EXPECT_EQ(options.status.directory, "/run/x");
    EXPECT_EQ(options.status.slots, 3U);
    EXPECT_EQ(options.listen, "unix:/run/w.sock");
    EXPECT_EQ(options.api.public_url, "https://todo.example");
    EXPECT_EQ(options.log_level, fcgi_worker::LogLevel::kDebug);
    EXPECT_EQ(options.server.log_level, fcgi_worker::LogLevel::kDebug);
    EXPECT_EQ(options.server.log_sample, 0U);
    EXPECT_EQ(options.server.slow_request, milliseconds{70});
    EXPECT_EQ(options.server.queue_target, milliseconds{15});
    EXPECT_EQ(options.server.queue_interval, milliseconds{250});
    EXPECT_THAT(options.store.combine, testing::ElementsAre("list", "create"));
    EXPECT_EQ(options.store.combiner.batch_size, 12U);
    EXPECT_EQ(options.store.combiner.batches_in_flight, 3U);
}

TEST(Options, SayHowToListen) {
    const auto options =
        options_of({"--listen=127.0.0.1:9000", "--listen-mode=600", "--listen-group=www-data", "--listen-backlog=99",
                    "--listen-connections=77", "--idle-timeout-ms=70000", "--drain-timeout-ms=8000"});

    EXPECT_EQ(options.listen, "127.0.0.1:9000");
    EXPECT_EQ(options.listen_options.mode, 0600U);
    EXPECT_EQ(options.listen_options.group, "www-data");
    EXPECT_EQ(options.listen_options.backlog, 99);
    EXPECT_EQ(options.server.connections, 77U);
    EXPECT_EQ(options.server.idle_timeout, milliseconds{70'000});
    EXPECT_EQ(options.server.drain_timeout, milliseconds{8000});
}

TEST(Options, LetTheAnonymousOwnerActOnlyWhenAsked) {
    const auto options = options_of({"--anonymous-owner"});

    EXPECT_EQ(options.anonymous_owner, OwnerId{Uuid::parse("00000000-0000-7000-8000-000000000001").value()});
}

TEST(Options, ComeFromTheEnvironmentToo) {
    const EnvironmentVariable threads{"TODO_THREADS", "5"};
    const EnvironmentVariable anonymous{"TODO_ANONYMOUS_OWNER", "true"};

    EXPECT_EQ(options_of({}).server.threads, 5U);
    EXPECT_TRUE(options_of({}).anonymous_owner);
    EXPECT_EQ(options_of({"--threads=6"}).server.threads, 6U);
}

TEST(Options, ComeFromAConfigFileToo) {
    const ConfigFile file{
        "# of this host\nthreads = 5\nlog-level = \"error\"\ndatabase = \"host=/tmp dbname=x\"\n"
        "anonymous-owner = false\n"};
    const EnvironmentVariable threads{"TODO_THREADS", "7"};

    EXPECT_EQ(options_of({"--config", file.path()}).server.threads, 5U);
    EXPECT_EQ(options_of({"--config", file.path()}).pool.dsn, "host=/tmp dbname=x");
    EXPECT_EQ(options_of({"--config", file.path()}).log_level, fcgi_worker::LogLevel::kError);
    EXPECT_FALSE(options_of({"--config", file.path()}).anonymous_owner);
    EXPECT_EQ(options_of({"--config", file.path(), "--threads=6"}).server.threads, 6U);
}

TEST(Options, NameWhatIsWrongInAConfigFile) {
    const ConfigFile file{"treads = 5\n"};

    EXPECT_THAT(complaint_about({"--config", file.path()}), HasSubstr("treads"));
    EXPECT_THAT(complaint_about({"--config", "/nowhere/todo.conf"}), HasSubstr("/nowhere/todo.conf"));
}

TEST(Options, NameOptionValueAndRangeInOneLine) {
    EXPECT_EQ(complaint_about({"--threads=0"}), "--threads: '0' is not in 1..1024");
    EXPECT_EQ(complaint_about({"--threads=1025"}), "--threads: '1025' is not in 1..1024");
    EXPECT_EQ(complaint_about({"--connections", "101"}), "--connections: '101' is not in 1..100");
    EXPECT_EQ(complaint_about({"--max-todos=1000001"}), "--max-todos: '1000001' is not in 1..1000000");
    EXPECT_EQ(complaint_about({"--io-timeout-ms=9"}), "--io-timeout-ms: '9' is not in 10..600000 ms");
    EXPECT_EQ(complaint_about({"--log-level=loud"}), "--log-level: 'loud' is not debug, info, warning or error");
    EXPECT_EQ(complaint_about({"--status-dir=run"}), "--status-dir: 'run' is not an absolute path");
    EXPECT_EQ(complaint_about({"--listen=:9000"}), "--listen: ':9000' is not inherit, unix:/path or host:port");
    EXPECT_EQ(complaint_about({"--listen-mode=0888"}), "--listen-mode: '0888' is not an octal number in 0..0777");
    EXPECT_EQ(complaint_about({"--listen-group=a b"}), "--listen-group: 'a b' is not the name of a group");
    EXPECT_EQ(complaint_about({"--database="}), "--database: 1 required DSN missing");
}

TEST(Options, TakeOnlyDecimalDigitsForANumber) {
    for (const char* number : {"", "-1", "+1", "0x10", "1e3", " 5", "5 ", "5s", "1.5", "99999999999999999999"}) {
        EXPECT_THAT(complaint_about({"--threads", number}), HasSubstr("is not in 1..1024")) << number;
    }
    EXPECT_EQ(options_of({"--threads=010"}).server.threads, 10U);
}

TEST(Options, TakeAPublicUrlThatPathsCanBeAppendedTo) {
    EXPECT_EQ(options_of({"--public-url=http://localhost:8080"}).api.public_url, "http://localhost:8080");
    for (const char* url : {"todo.example", "ftp://todo.example", "https://", "https://todo.example/",
                            "https://todo.example/v1", "https://todo.example?x", "https://me@todo.example",
                            "https://http://todo.example", "http://http://todo.example"}) {
        EXPECT_THAT(complaint_about({"--public-url", url}), HasSubstr("https://todo.example:8443")) << url;
    }
}

TEST(Options, OfMailsBelongTogether) {
    const std::vector<const char*> all{"--token-keys=/k", "--mail-command=/usr/sbin/sendmail",
                                       "--mail-from=todo@example.org", "--page-url=https://todo.example/"};
    EXPECT_EQ(options_of(all).mail.from, "todo@example.org");
    for (std::size_t missing = 1; missing < all.size(); ++missing) {
        auto some = all;
        some.erase(some.begin() + static_cast<std::ptrdiff_t>(missing));
        EXPECT_THAT(complaint_about(some), HasSubstr("give all three or none")) << all[missing];
    }
    EXPECT_THAT(complaint_about({"--anonymous-owner", all[1], all[2], all[3]}), HasSubstr("--anonymous-owner"));
    EXPECT_THAT(complaint_about({"--mail-command=sendmail"}), HasSubstr("absolute path"));
    EXPECT_THAT(complaint_about({"--mail-from=todo"}), HasSubstr("is not an email"));
    for (const char* url : {"todo.example/", "https://todo.example", "https://todo.example/#a/", "https://a b/",
                            "javascript:alert(1)/", "https://me@todo.example/"}) {
        EXPECT_THAT(complaint_about({"--page-url", url}), HasSubstr("https://todo.example/")) << url;
    }
}

TEST(Options, GiveUpInTheOrderInWhichTheyWait) {
    EXPECT_EQ(complaint_about({"--request-budget-ms=2000"}),
              "--statement-timeout-ms (2000) must be less than --request-budget-ms (2000)");
    EXPECT_EQ(complaint_about({"--statement-timeout-ms=500"}),
              "--lock-timeout-ms (1000) must be less than --statement-timeout-ms (500)");
    EXPECT_EQ(complaint_about({"--drain-timeout-ms=5000"}),
              "--request-budget-ms (5000) must be less than --drain-timeout-ms (5000)");
    EXPECT_EQ(complaint_about({"--acquire-timeout-ms=1001"}),
              "--acquire-timeout-ms (1001) must be less than --lock-timeout-ms (1000)");
    EXPECT_EQ(complaint_about({"--queue-target-ms=5000"}),
              "--queue-target-ms (5000) must be less than --request-budget-ms (5000)");
}

TEST(Options, RefuseWhatIsNoOption) {
    EXPECT_THAT(complaint_about({"--treads=5"}), HasSubstr("--treads"));
    EXPECT_THAT(complaint_about({"extra"}), HasSubstr("extra"));
    EXPECT_THAT(complaint_about({"--threads"}), HasSubstr("--threads"));
    EXPECT_THAT(complaint_about({"--threads=1", "--threads=2"}), HasSubstr("--threads"));
    EXPECT_THAT(complaint_about({"--anonymous-owner=perhaps"}), HasSubstr("'perhaps' is not true or false"));
}

TEST(Options, ComplainInOneLine) {
    for (const char* wrong : {"--threads=\n", "--treads", "--threads", "--log-level=a\nb"}) {
        EXPECT_THAT(complaint_about({wrong}), Not(HasSubstr("\n"))) << wrong;
    }
}

TEST(Options, SayRangeUnitDefaultAndVariableInTheirHelp) {
    const auto help = help_of("--help");

    EXPECT_THAT(help, HasSubstr("--threads N"));
    EXPECT_THAT(help, HasSubstr("1..1024, default 24"));
    EXPECT_THAT(help, HasSubstr("10..600000 ms, default 5000"));
    EXPECT_THAT(help, HasSubstr("TODO_REQUEST_BUDGET_MS"));
}

TEST(Options, SayTheVersion) { EXPECT_EQ(help_of("--version"), "todo-worker " + std::string(version()) + "\n"); }

}  // namespace
}  // namespace todo
