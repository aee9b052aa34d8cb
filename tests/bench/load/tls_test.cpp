/// TLS of one connection: with whom it is spoken, with whom not, and what is told while nothing comes.
#include "tls.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "../../fcgi_worker/temporary_folder.hpp"
#include "../../patience.hpp"
#include "certificate.hpp"
#include "tls_peer.hpp"
#include "wire.hpp"

namespace load {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Tls : testing::Test {
    Tls() {
        std::array<int, 2> pair{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
            throw std::runtime_error("no sockets");
        ours = pair[0];
        theirs = pair[1];
        const timeval patience{kPatience.count(), 0};
        setsockopt(theirs, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }  // as bench-load does
    ~Tls() override {
        if (ours >= 0) close(ours);
        if (server.joinable()) server.join();
        if (theirs >= 0) close(theirs);
    }
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    /// What the handshake came to, with a server that has this certificate.
    int handshake(const Certificate& of_server, const std::function<void(const TlsPeer&)>& then = {},
                  int most = TLS1_3_VERSION) {
        serve(of_server, then, most);
        session = TlsContext{trusted.certificate, "127.0.0.1", protocol}.session(ours);
        int error = EAGAIN;
        while ((error = session.handshake()) == EAGAIN && is_readable()) {
        }
        return error;
    }
    void serve(const Certificate& own, const std::function<void(const TlsPeer&)>& then = {},
               int most = TLS1_3_VERSION) {
        server = std::thread{[=, this] {
            const TlsPeer peer{theirs, own, most, speaks_http2};
            if (peer.accepted() && then) then(peer);
        }};
        set_non_blocking();
    }
    /// What comes of a connection whose socket a wire has taken.
    int establish() {
        Wire wire{std::exchange(ours, -1)};
        const TlsContext context{trusted.certificate, "127.0.0.1", protocol};
        int error = EAGAIN;
        while ((error = wire.establish(&context)) == EAGAIN && is_readable(wire.fd())) {
        }
        return error;
    }
    void set_non_blocking() const { ASSERT_EQ(fcntl(ours, F_SETFL, O_NONBLOCK), 0); }
    [[nodiscard]] bool is_readable() const { return is_readable(ours); }
    [[nodiscard]] static bool is_readable(int fd) {
        pollfd wanted{fd, POLLIN, 0};
        return poll(&wanted, 1, static_cast<int>(std::chrono::milliseconds{kPatience}.count())) == 1;
    }
    /// Waits for something to come, and reads it: as much as there is until nothing more does, or the end.
    ssize_t receive(std::string& text) {
        std::array<char, 1000> bytes{};
        ssize_t count = -1;
        while ((count = session.receive(bytes.data(), bytes.size())) < 0 && errno == EAGAIN && is_readable()) {
        }
        if (count > 0) text.assign(bytes.data(), static_cast<std::size_t>(count));
        return count;
    }

    TemporaryFolder folder;
    Certificate trusted = make_certificate(folder / "trusted");
    int ours = -1;
    int theirs = -1;
    Protocol protocol = Protocol::kHttp1;
    bool speaks_http2 = false;
    TlsSession session;
    std::thread server;
};

TEST_F(Tls, IsSpokenWithWhoHasATrustedCertificate) {
    std::string heard;
    ASSERT_EQ(handshake(trusted,
                        [&](const TlsPeer& peer) {
                            heard = peer.read();
                            peer.write("the answer");
                        }),
              0);
    EXPECT_EQ(session.send("the question"), 12);
    std::string answer;
    EXPECT_EQ(receive(answer), 10);
    EXPECT_EQ(answer, "the answer");
    server.join();
    EXPECT_EQ(heard, "the question");
}

TEST_F(Tls, IsNotSpokenWithAnybodyElse) { EXPECT_EQ(handshake(make_certificate(folder / "stranger")), EPROTO); }

TEST_F(Tls, IsNotSpokenWithWhoIsTrustedForAnotherAddress) {
    trusted = make_certificate(folder / "neighbour", "127.0.0.2");
    EXPECT_EQ(handshake(trusted), EPROTO);
}

TEST_F(Tls, IsNotSpokenInAnOlderVersion) { EXPECT_EQ(handshake(trusted, {}, TLS1_2_VERSION), EPROTO); }

TEST_F(Tls, IsNotSpokenWhereTheServerSpeaksInTheClear) {
    set_non_blocking();
    session = TlsContext{trusted.certificate, "127.0.0.1"}.session(ours);
    ASSERT_EQ(session.handshake(), EAGAIN);
    constexpr std::string_view kClear = "HTTP/1.1 400 Bad Request\r\n\r\n";
    ASSERT_EQ(write(theirs, kClear.data(), kClear.size()), static_cast<ssize_t>(kClear.size()));
    EXPECT_EQ(session.handshake(), EPROTO);
}

TEST_F(Tls, FailsWhereTheServerHangsUpInTheHandshake) {
    set_non_blocking();
    session = TlsContext{trusted.certificate, "127.0.0.1"}.session(ours);
    ASSERT_EQ(session.handshake(), EAGAIN);
    close(std::exchange(theirs, -1));
    EXPECT_EQ(session.handshake(), ECONNRESET);
}

TEST_F(Tls, TellsThatNobodyReadsAnyMore) {
    ASSERT_EQ(handshake(trusted, [this](const TlsPeer&) { shutdown(theirs, SHUT_RDWR); }), 0);
    server.join();
    EXPECT_EQ(session.send("the question"), -1);
    EXPECT_EQ(errno, EPIPE);
}

TEST_F(Tls, SaysThatNothingHasCome) {
    ASSERT_EQ(handshake(trusted, [](const TlsPeer& peer) { (void)peer.read(); }), 0);
    std::array<char, 10> bytes{};
    EXPECT_EQ(session.receive(bytes.data(), bytes.size()), -1);
    EXPECT_EQ(errno, EAGAIN);
    ASSERT_EQ(session.send("end"), 3);
}

TEST_F(Tls, TellsTheEndWithALastWord) {
    ASSERT_EQ(handshake(trusted, [](const TlsPeer& peer) { peer.say_goodbye(); }), 0);
    std::string nothing;
    EXPECT_EQ(receive(nothing), 0);
}

TEST_F(Tls, TellsTheEndWithoutOne) {
    ASSERT_EQ(handshake(trusted, [this](const TlsPeer&) { shutdown(theirs, SHUT_RDWR); }), 0);
    std::string nothing;
    EXPECT_EQ(receive(nothing), 0);
}

TEST_F(Tls, SaysWhatTheServerHasChosen) {
    protocol = Protocol::kHttp2;
    speaks_http2 = true;
    ASSERT_EQ(handshake(trusted), 0);
    EXPECT_TRUE(session.has_chosen_http2());
}

TEST_F(Tls, OffersHttp2OnlyWhereItIsWanted) {
    speaks_http2 = true;
    ASSERT_EQ(handshake(trusted), 0);
    EXPECT_FALSE(session.has_chosen_http2());
}

TEST_F(Tls, IsGoodForHttp2WithAServerThatSpeaksIt) {
    protocol = Protocol::kHttp2;
    speaks_http2 = true;
    serve(trusted);
    EXPECT_EQ(establish(), 0);
}

TEST_F(Tls, IsOfNoUseForHttp2WithAServerThatSpeaksAnother) {
    protocol = Protocol::kHttp2;
    serve(trusted);
    EXPECT_EQ(establish(), EPROTO);
}

TEST_F(Tls, NeedsCertificatesOfAuthorities) {
    EXPECT_THAT([&] { TlsContext(trusted.key, "127.0.0.1"); },
                ThrowsMessage<std::runtime_error>(HasSubstr("has no certificates")));
}

}  // namespace
}  // namespace load
