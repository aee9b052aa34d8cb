/// A database that is there and does not do what it is asked: the table is locked, no session is left, nothing may be
/// written, all sessions have crashed. What clients hear meanwhile, and that it is forgotten within two seconds.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "database.hpp"
#include "fault_test.hpp"
#include "load.hpp"

namespace api {
namespace {

using fcgi_worker::pq::Pool;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Lt;

struct RefusingDatabase : FaultTest {
    static constexpr std::size_t kAcknowledged = 200;  ///< Before and after.
    static constexpr std::size_t kRefusals = 50;
    static constexpr int kConnections = 20;  ///< Of a worker.
    static constexpr std::size_t kMoreThanFit = 100;
    static constexpr milliseconds kLockTimeout{1000};  ///< The worker's default.
    static constexpr milliseconds kALittle{1000};      ///< A busy machine's.

    Database database;
    std::optional<Load> load;
    std::vector<int> workers;

    void SetUp() override {
        FaultTest::SetUp();
        workers = stack::workers();
        load.emplace();
        ASSERT_TRUE(load->wait_for_created(kAcknowledged));
    }
    void TearDown() override {
        load.reset();
        database.make_writable();  // this and the next where a test has ended early
        database.let_workers_in();
        FaultTest::TearDown();
    }

    /// The fault ends at this moment.
    void expect_recovery() {
        const Clock::time_point recovered = Clock::now() + seconds{2};
        ASSERT_TRUE(load->wait_for_created(kAcknowledged, recovered));
        load->stop();

        std::cout << "# " << load->created() << " writes acknowledged, " << load->repeats() << " sent again, "
                  << load->failures().size() << " answers 503, the slowest after "
                  << std::chrono::duration_cast<milliseconds>(load->slowest()).count() << " ms\n";
        EXPECT_THAT(load->failures(), Each(Field(&Load::Failure::answer, IsA503ThatSaysWhenToComeBack())));
        EXPECT_THAT(load->failures(), Each(Field(&Load::Failure::at, Lt(recovered)))) << "refused long after its end";
        EXPECT_THAT(load->differences(database.titles()), IsEmpty());
        EXPECT_EQ(stack::workers(), workers) << "a worker was restarted";
    }
};

TEST_F(RefusingDatabase, WhoseTableIsLockedLetsNobodyWaitForLong) {
    {
        const Database::TableLock lock{database};
        ASSERT_TRUE(load->wait_for_refusals(3 * Load::kClients));
    }
    expect_recovery();
    EXPECT_GT(load->slowest(), kLockTimeout) << "no statement has waited for the lock";
    EXPECT_LT(load->slowest(), kLockTimeout + kALittle);
}

TEST_F(RefusingDatabase, WithoutASessionLeftIsForgottenWhenThereAreSome) {
    database.keep_workers_out();  // until others have taken their places
    const int ended = database.end_all();
    std::optional<Pool> others{std::in_place, fcgi_worker::pq::PoolOptions{.dsn = stack::setting("OWNER_DSN"),
                                                                           .statements = {},
                                                                           .connections = kMoreThanFit,
                                                                           .longest_retry_pause = milliseconds{50}}};
    ASSERT_TRUE(comes_true([&] { return database.backends().empty() && database.is_full(); }));
    // A process that few requests ask finds its sessions gone when it looks after them, each half a second.
    ASSERT_TRUE(comes_true([] { return !is_ready(0) && !is_ready(1); }, kALittle));
    database.let_workers_in();

    ASSERT_TRUE(load->wait_for_refusals(kRefusals));
    EXPECT_TRUE(database.backends().empty()) << "a worker found a place";
    EXPECT_EQ(ended, static_cast<int>(kWorkers) * kConnections);
    for (std::size_t slot = 0; slot < kWorkers; ++slot) EXPECT_FALSE(is_ready(slot)) << slot;

    others.reset();
    expect_recovery();
}

TEST_F(RefusingDatabase, ThatTakesNoWritesIsReadAllTheSame) {
    const std::string path = "/v1/todos/" + text_at(post(kTodos, R"({"title":"read"})"), "/id");
    database.make_read_only();
    ASSERT_TRUE(load->wait_for_refusals(kRefusals));

    for (int i = 0; i < 50; ++i) EXPECT_THAT(get(path), Answers(200));
    EXPECT_THAT(get(kTodos), Answers(200));
    EXPECT_THAT(put(path, R"({"title":"b"})"), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(patch(path, R"({"title":"b"})"), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(remove(path), IsA503ThatSaysWhenToComeBack());

    database.make_writable();
    EXPECT_TRUE(comes_true([&] { return remove(path).status == 204; }, seconds{2}));
    expect_recovery();
    EXPECT_THAT(load->failures("GET"), IsEmpty());
}

TEST_F(RefusingDatabase, ThatHasCrashedIsForgottenWhenItIsBack) {
    const std::vector<int> before = stack::children_of(stack::postmaster());
    kill(database.backends().front(), SIGKILL);  // whereupon the first process ends all others, and recovers

    ASSERT_TRUE(comes_true([&] {
        const std::vector<int> now = stack::children_of(stack::postmaster());
        return std::find_first_of(now.begin(), now.end(), before.begin(), before.end()) == now.end();
    })) << "PostgreSQL has not crashed";
    ASSERT_TRUE(comes_true([&] { return database.answers(); }));
    expect_recovery();
    EXPECT_FALSE(load->failures().empty()) << "a crash, and nobody noticed";
}

}  // namespace
}  // namespace api
