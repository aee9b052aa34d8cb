/// Several servers in one connection string: which one is tried first, and what becomes of one that takes no writes.
#include "pq/servers.hpp"

#include <fcgi_worker/listen_socket.hpp>

#include "../temporary_folder.hpp"
#include "database.hpp"
#include "gate.hpp"

namespace fcgi_worker::pq {
namespace {

using Settings = std::map<std::string, std::string>;

TEST(Servers, ComeAsTheyWereNamed) {
    const Servers servers{Settings{{"host", "a,b,c"}, {"port", "1,2,3"}, {"user", "it's"}}};

    EXPECT_TRUE(servers.are_several());
    EXPECT_EQ(servers.connection_string(),
              R"(target_session_attrs='read-write' user='it\'s' host='a,b,c' port='1,2,3' )");
}

TEST(Servers, BeginWithTheOneThatServedLast) {
    Servers servers{Settings{{"host", "a,b,c"}, {"port", "1,2,3"}, {"target_session_attrs", "any"}}};

    servers.prefer("b", "2");
    EXPECT_EQ(servers.connection_string(), "target_session_attrs='any' host='b,c,a' port='2,3,1' ");
    servers.prefer("a", "3");  // none of them
    EXPECT_EQ(servers.connection_string(), "target_session_attrs='any' host='b,c,a' port='2,3,1' ");
    servers.prefer("a", "1");
    EXPECT_EQ(servers.connection_string(), "target_session_attrs='any' host='a,b,c' port='1,2,3' ");
}

TEST(Servers, ShareAPortOrTakeTheUsualOne) {
    Servers one_port{Settings{{"host", "a,b"}, {"port", "7"}}};
    one_port.prefer("b", "7");
    EXPECT_EQ(one_port.connection_string(), "target_session_attrs='read-write' host='b,a' port='7,7' ");

    Servers no_port{Settings{{"host", "a,b"}, {"hostaddr", "10.0.0.1,10.0.0.2"}}};
    no_port.prefer("b", "5432");
    EXPECT_EQ(no_port.connection_string(),
              "target_session_attrs='read-write' host='b,a' hostaddr='10.0.0.2,10.0.0.1' ");

    Servers addresses{Settings{{"hostaddr", "10.0.0.1,10.0.0.2"}}};
    addresses.prefer("10.0.0.2", "5432");
    EXPECT_EQ(addresses.connection_string(), "target_session_attrs='read-write' hostaddr='10.0.0.2,10.0.0.1' ");
}

TEST(Servers, OfOneOrOfListsThatDoNotMatchAreLeftToLibpq) {
    Servers one{Settings{{"host", "a"}, {"port", "1"}}};
    one.prefer("a", "1");
    EXPECT_FALSE(one.are_several());
    EXPECT_EQ(one.connection_string(), "host='a' port='1' ");

    const Servers wrong{Settings{{"host", "a,b"}, {"port", "1,2,3"}}};
    EXPECT_FALSE(wrong.are_several());
    EXPECT_EQ(wrong.connection_string(), "host='a,b' port='1,2,3' ");
}

TEST(Servers, MayBeTheStandbysAlone) {
    const Servers servers{Settings{{"host", "a,b,c"}, {"port", "1,2,3"}}};

    const Servers standbys = servers.standbys(4);

    EXPECT_TRUE(standbys.are_standbys());
    EXPECT_EQ(standbys.connection_string(), "target_session_attrs='standby' host='b,c,a' port='2,3,1' ");
    EXPECT_FALSE(servers.are_standbys());
    const Servers one{Settings{{"host", "a"}}};
    EXPECT_EQ(one.standbys(4).connection_string(), "host='a' target_session_attrs='standby' ");
}

/// A server that accepts and never says a word: as one that is frozen, or whose host is gone.
struct SilentServer {
    const TemporaryFolder folder;
    const ListenSocket listener = ListenSocket::open("unix:" + folder / ".s.PGSQL.5432");
};

struct APoolOfServers : DatabaseTest {
    [[nodiscard]] PoolOptions of(const std::string& hosts, std::size_t connections) const {
        PoolOptions all = options(connections);
        all.dsn += " host=" + hosts;
        all.statements.push_back(kWrite);
        return all;
    }
    static constexpr Statement kWrite{"write", "DELETE FROM todo WHERE false"};
};

TEST_F(APoolOfServers, WaitsOnceForOneThatDoesNotAnswer) {
    const SilentServer silent;
    PoolOptions several = of(silent.folder.path.string() + "," + word_of(dsn, "host"), 4);
    several.connect_timeout = 2s;

    const Clock::duration taken = duration_of([&] {
        const Pool pool{several};
        EXPECT_TRUE(is_full(pool, 4));
    });

    EXPECT_GE(taken, 1s);
    EXPECT_LT(taken, 5s) << "four connections that each wait for the first server take eight seconds";
}

TEST_F(APoolOfServers, GoesToTheOtherWhenOneIsGone) {
    Gate first{server_socket};
    Pool pool{of(first.directory() + "," + word_of(dsn, "host"), 2)};
    ASSERT_TRUE(is_full(pool, 2));
    first.forget();

    first.shut();

    EXPECT_TRUE(comes_true([&] { return pool.counts().closed_suspect == 2 && pool.counts().idle == 2; }));
    EXPECT_EQ(borrow(pool).execute(kEcho, {"a", "b"}).at(0, 0), "a");
    EXPECT_EQ(first.sent(), "");
}

constexpr Statement kReadOnly{"read_only", R"sql(
    DO $$ BEGIN SET TRANSACTION READ ONLY; DELETE FROM todo WHERE false; END $$
)sql"};

/// Closes the connection that takes no writes, where there is another server, and there alone.
TEST_F(APoolOfServers, LeavesOneThatTakesNoWrites) {
    for (const auto& [hosts, closed] :
         {std::pair{word_of(dsn, "host") + "," + word_of(dsn, "host"), 1U}, std::pair{word_of(dsn, "host"), 0U}}) {
        PoolOptions all = of(hosts, 1);
        all.statements.push_back(kReadOnly);
        Pool pool{all};

        EXPECT_THROW(borrow(pool).execute(kReadOnly, {}), Unavailable) << hosts;

        EXPECT_TRUE(is_full(pool, 1));
        EXPECT_EQ(pool.counts().closed_broken, closed) << hosts;
        EXPECT_NO_THROW(borrow(pool).execute(kWrite, {})) << hosts;
    }
}

/// A role whose sessions are read-only is what libpq sees of a standby.
TEST_F(APoolOfServers, TakesNoneThatIsReadOnly) {
    LogBook book;
    PoolOptions several = of(word_of(dsn, "host") + "," + word_of(dsn, "host"), 1);
    several.dsn += " options='-c default_transaction_read_only=on'";
    const Pool pool{several, book.log()};

    EXPECT_TRUE(comes_true([&] { return pool.counts().failed_attempts > 2; }));

    EXPECT_EQ(pool.counts().opened, 0U);
    const std::vector<std::string> away = book.lines("database is away");
    ASSERT_EQ(away.size(), 1U);
    EXPECT_THAT(away[0], testing::HasSubstr("session is read-only"));
}

}  // namespace
}  // namespace fcgi_worker::pq
