#include <fcgi_worker/listen_socket.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace fcgi_worker {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct ListenSocketTest : testing::Test {
    TemporaryFolder folder;
    const std::string path = folder / "worker.sock";
    const std::string address = "unix:" + path;

    [[nodiscard]] static int connect_error(const std::string& to) {
        const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        to.copy(static_cast<char*>(name.sun_path), sizeof name.sun_path - 1);
        const int result = connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name);
        const int error = result == 0 ? 0 : errno;
        close(descriptor);
        return error;
    }
    [[nodiscard]] mode_t mode() const {
        struct stat status {};
        EXPECT_EQ(stat(path.c_str(), &status), 0);
        return status.st_mode & 0777U;
    }
    /// As a process leaves it that was killed.
    void given_a_stale_socket() const {
        const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(name.sun_path), sizeof name.sun_path - 1);
        ASSERT_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
        close(descriptor);
    }
};

TEST_F(ListenSocketTest, ListensUntilItIsDestroyed) {
    {
        const ListenSocket listening = ListenSocket::open(address);
        EXPECT_EQ(connect_error(path), 0);
    }
    EXPECT_EQ(connect_error(path), ENOENT);
}

TEST_F(ListenSocketTest, IsNonBlockingAndNotForChildren) {
    const ListenSocket listening = ListenSocket::open(address);
    EXPECT_NE(fcntl(listening.descriptor(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(listening.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ListenSocketTest, HasTheModeAskedForWhateverTheUmask) {
    const mode_t before = umask(0077);
    const ListenSocket listening = ListenSocket::open(address, {.backlog = 1});
    EXPECT_EQ(umask(before), mode_t{0077}) << "the umask is the program's";
    EXPECT_EQ(mode(), mode_t{0660});
}

TEST_F(ListenSocketTest, IsNarrowerThanAnOpenUmask) {
    const mode_t before = umask(0);
    const ListenSocket listening = ListenSocket::open(address, {.mode = 0600});
    umask(before);
    EXPECT_EQ(mode(), mode_t{0600});
}

TEST_F(ListenSocketTest, ReplacesWhatADeadProcessLeft) {
    given_a_stale_socket();
    ASSERT_EQ(connect_error(path), ECONNREFUSED);
    const ListenSocket listening = ListenSocket::open(address);
    EXPECT_EQ(connect_error(path), 0);
}

TEST_F(ListenSocketTest, LeavesALivingOneAlone) {
    const ListenSocket listening = ListenSocket::open(address);
    EXPECT_THAT([&] { (void)ListenSocket::open(address); },
                ThrowsMessage<std::system_error>(AllOf(HasSubstr(path), HasSubstr("another process"))));
    EXPECT_EQ(connect_error(path), 0);
}

TEST_F(ListenSocketTest, IsOpenedByOneOfManyThatFindTheSameStaleOne) {
    for (int round = 0; round < 50; ++round) {
        given_a_stale_socket();
        std::mutex mutex;
        std::vector<ListenSocket> opened;
        {
            std::vector<std::jthread> threads;
            threads.reserve(4);
            for (int i = 0; i < 4; ++i) {
                threads.emplace_back([&] {
                    try {
                        ListenSocket made = ListenSocket::open(address);
                        const std::lock_guard lock{mutex};
                        opened.push_back(std::move(made));
                    } catch (const std::system_error& error) {
                        EXPECT_EQ(error.code().value(), EADDRINUSE) << error.what();
                    }
                });
            }
        }
        ASSERT_EQ(opened.size(), 1U);
        ASSERT_EQ(connect_error(path), 0);
    }
}

TEST_F(ListenSocketTest, LeavesTheFileOfItsSuccessorAlone) {
    const auto first = std::make_unique<ListenSocket>(ListenSocket::open(address));
    ASSERT_EQ(unlink(path.c_str()), 0);  // somebody tidied up
    const ListenSocket second = ListenSocket::open(address);
    first->stop_listening();
    EXPECT_EQ(connect_error(path), 0);
}

TEST_F(ListenSocketTest, SaysWhoKeepsItsFolderLocked) {
    const int held = ::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ASSERT_EQ(flock(held, LOCK_EX), 0);
    EXPECT_THAT([&] { (void)ListenSocket::open(address); }, ThrowsMessage<std::system_error>(HasSubstr("lslocks")));
    close(held);
}

TEST_F(ListenSocketTest, KnowsALivingOneWhoseQueueIsFull) {
    const ListenSocket listening = ListenSocket::open(address, {.backlog = 1});
    for (int probe = 0; probe < 4; ++probe) {  // each stays in the queue, for nobody accepts
        EXPECT_THROW((void)ListenSocket::open(address), std::system_error);
    }
}

TEST_F(ListenSocketTest, NeverRemovesAFileOfAnotherKind) {
    std::ofstream{path} << "precious";
    EXPECT_THAT([&] { (void)ListenSocket::open(address); }, ThrowsMessage<std::system_error>(HasSubstr("no socket")));
    std::string content;
    std::ifstream{path} >> content;
    EXPECT_EQ(content, "precious");
}

TEST_F(ListenSocketTest, NamesAPathThatIsTooLong) {
    const std::string most(107 - (folder / "").size(), 'x');
    EXPECT_NO_THROW((void)ListenSocket::open("unix:" + (folder / most)));
    EXPECT_THAT([&] { (void)ListenSocket::open("unix:" + (folder / most) + "x"); },
                ThrowsMessage<std::system_error>(AllOf(HasSubstr("108 bytes"), HasSubstr("107"))));
}

TEST_F(ListenSocketTest, NamesAFolderThatIsMissing) {
    EXPECT_THAT([&] { (void)ListenSocket::open("unix:" + (folder / "none/worker.sock")); },
                ThrowsMessage<std::system_error>(HasSubstr("none/worker.sock")));
}

TEST_F(ListenSocketTest, RefusesWhatIsNoAddress) {
    for (const char* other : {"", "unix:", "unix:worker.sock", "/worker.sock", "9000", ":9000", "127.0.0.1:", "tcp:/x",
                              "::1:9000", "[]:9000"}) {
        EXPECT_THROW((void)ListenSocket::open(other), std::invalid_argument) << other;
    }
    EXPECT_THROW((void)ListenSocket::open(address, {.backlog = 0}), std::invalid_argument);
    EXPECT_THROW((void)ListenSocket::open(address, {.mode = 01777}), std::invalid_argument);
}

TEST_F(ListenSocketTest, BelongsToTheGroupAskedFor) {
    const gid_t own = getegid();
    const group* const entry = getgrgid(own);  // NOLINT(concurrency-mt-unsafe): this test has one thread
    ASSERT_NE(entry, nullptr);
    const ListenSocket listening = ListenSocket::open(address, {.mode = 0660, .group = entry->gr_name});
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_gid, own);
    EXPECT_EQ(mode(), mode_t{0660});
}

TEST_F(ListenSocketTest, NamesAGroupThatIsMissing) {
    EXPECT_THAT([&] { (void)ListenSocket::open(address, {.group = "no-such-group"}); },
                ThrowsMessage<std::system_error>(HasSubstr("no-such-group")));
    EXPECT_EQ(connect_error(path), ENOENT);
}

TEST_F(ListenSocketTest, ListensOnHostAndPort) {
    for (const char* host : {"127.0.0.1:0", "localhost:0"}) {
        const ListenSocket listening = ListenSocket::open(host);
        sockaddr_storage name{};
        socklen_t size = sizeof name;
        ASSERT_EQ(getsockname(listening.descriptor(), reinterpret_cast<sockaddr*>(&name), &size), 0);
        const int client = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&name), size), 0) << host;
        close(client);
        EXPECT_NE(fcntl(listening.descriptor(), F_GETFL) & O_NONBLOCK, 0);
    }
}

TEST_F(ListenSocketTest, NamesAHostThatIsNotThisMachines) {
    EXPECT_THAT([] { (void)ListenSocket::open("192.0.2.1:9000"); },
                ThrowsMessage<std::system_error>(HasSubstr("192.0.2.1:9000")));
    EXPECT_THAT([] { (void)ListenSocket::open("127.0.0.1:no-such-port"); },
                ThrowsMessage<std::system_error>(HasSubstr("no-such-port")));
}

TEST_F(ListenSocketTest, KeepsTheBacklogOfWhatItInherits) {
    const ListenSocket parent = ListenSocket::open(address, {.backlog = 1});
    const ListenSocket inherited = ListenSocket::inherit(dup(parent.descriptor()));
    int full = 0;
    std::vector<int> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(name.sun_path), sizeof name.sun_path - 1);
        if (connect(clients.back(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) ++full;
    }
    for (const int client : clients) close(client);
    EXPECT_EQ(full, 2);
}

TEST_F(ListenSocketTest, KnowsItsQueueAndItsLimit) {
    for (const std::string& where : {address, std::string{"127.0.0.1:0"}}) {
        const ListenSocket socket = ListenSocket::open(where, {.backlog = 7});
        sockaddr_storage name{};
        socklen_t size = sizeof name;
        ASSERT_EQ(getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&name), &size), 0);
        std::vector<int> clients;
        for (std::size_t waiting = 0; waiting < 3; ++waiting) {
            const auto queue = socket.queue();
            ASSERT_TRUE(queue) << where << ": this kernel does not say";
            EXPECT_EQ(queue->waiting, waiting) << where;
            EXPECT_EQ(queue->limit, 7U) << where;
            clients.push_back(::socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
            ASSERT_EQ(connect(clients.back(), reinterpret_cast<const sockaddr*>(&name), size), 0);
        }
        for (const int client : clients) close(client);
    }
}

TEST_F(ListenSocketTest, IsInheritedAsItListens) {
    const ListenSocket parent = ListenSocket::open(address);
    const int copy = dup(parent.descriptor());
    fcntl(copy, F_SETFL, 0);
    {
        const ListenSocket inherited = ListenSocket::inherit(copy);
        EXPECT_EQ(inherited.descriptor(), copy);
        EXPECT_NE(fcntl(copy, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(fcntl(copy, F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(fcntl(copy, F_GETFD), -1) << "closed by its owner";
    EXPECT_EQ(connect_error(path), 0) << "the file belongs to who made it";
}

TEST_F(ListenSocketTest, InheritsNothingThatDoesNotListen) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    EXPECT_THAT([&] { (void)ListenSocket::inherit(pair[0]); },
                ThrowsMessage<std::system_error>(AllOf(HasSubstr("not a listening"), HasSubstr("spawn-fcgi"))));
    EXPECT_EQ(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0) << "what is not taken is not changed";
    close(pair[0]);
    close(pair[1]);

    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_THROW((void)ListenSocket::inherit(file), std::system_error);
    EXPECT_EQ(close(file), 0) << "what is not taken is not closed";
    EXPECT_THROW((void)ListenSocket::inherit(-1), std::system_error);
}

TEST_F(ListenSocketTest, IsMovedWithItsFile) {
    ListenSocket first = ListenSocket::open(address);
    {
        const ListenSocket second = std::move(first);
        EXPECT_EQ(connect_error(path), 0);
    }
    EXPECT_EQ(connect_error(path), ENOENT);
    ListenSocket third = ListenSocket::open(address);
    ListenSocket fourth = ListenSocket::open("unix:" + (folder / "other.sock"));
    fourth = std::move(third);
    EXPECT_EQ(connect_error(path), 0);
}

}  // namespace
}  // namespace fcgi_worker
