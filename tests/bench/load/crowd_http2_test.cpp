/// A crowd that speaks HTTP/2: what it counts where several requests of a user are under way, and some come to no good
/// end.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "certificate.hpp"
#include "http2_peer.hpp"
#include "listener.hpp"
#include "the_crowd.hpp"
#include "tls_peer.hpp"

namespace load {
namespace {

constexpr std::uint32_t kTogether = 3;
constexpr std::int32_t kFirst = 1;  // the client's streams are odd
constexpr std::int32_t kLast = 5;

/// Of user 0, as the body of an answer.
std::string todos() {
    const std::string answer = list_of(0);
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

/// One connection over TLS, and what the test wants once all requests of a turn are there.
class Http2Server {
public:
    using Script = std::function<void(Http2Peer&)>;

    /// With `closes` the connection ends after the script.
    Http2Server(const Certificate& own, Script on_turn, bool closes)
        : on_turn_{std::move(on_turn)}, closes_{closes}, thread_{[this, own] { serve(own); }} {}
    ~Http2Server() {
        shutdown(listener_.fd(), SHUT_RDWR);
        thread_.join();
    }
    Http2Server(const Http2Server&) = delete;
    Http2Server& operator=(const Http2Server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

private:
    void serve(const Certificate& own) {
        const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const TlsPeer tls{fd, own, TLS1_3_VERSION, true};
        Http2Peer peer;
        for (std::string bytes = tls.read(); !bytes.empty(); bytes = tls.read()) {
            peer.hear(bytes);
            const auto whole = std::count_if(peer.requests.begin(), peer.requests.end(),
                                             [](const auto& request) { return request.second.is_whole; });
            const bool is_turn = whole == kTogether;
            if (is_turn) {
                peer.requests.clear();
                on_turn_(peer);
            }
            if (const std::string answers = peer.says(); !answers.empty()) tls.write(answers);
            if (is_turn && closes_) break;
        }
        close(fd);
    }

    Listener listener_;
    Script on_turn_;
    bool closes_;
    std::thread thread_;  // last: begins when all else is there
};

struct Http2Crowd : TheCrowd {
    Http2Crowd() {
        common.tls = &tls;
        plan.together = kTogether;
    }
    static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }  // as bench-load does

    void asks_of_one_that(Http2Server::Script on_turn, bool closes = false) {
        const Http2Server server{certificate, std::move(on_turn), closes};
        asks(server.port());
    }
    static void answer_all(Http2Peer& peer) {
        for (std::int32_t stream = kFirst; stream <= kLast; stream += 2) peer.answer(stream, "200", todos());
    }

    /// Of one user's one turn, so many were answered well; and what else happened.
    static Happened answered(std::uint64_t count, const Happened& more) {
        Happened all{{"connected", 1}, {"intended", 3},       {"sent", 3},       {"answered", count},
                     {"ok", count},    {"status 200", count}, {"checked", count}};
        all.insert(more.begin(), more.end());
        return all;
    }

    TemporaryFolder folder;
    Certificate certificate = make_certificate(folder / "server");
    TlsContext tls{certificate.certificate, "127.0.0.1", Protocol::kHttp2};
};

TEST_F(Http2Crowd, CountsEachAnswer) {
    asks_of_one_that(answer_all);
    EXPECT_EQ(happened(), answered(3, {{"open at the end", 1}}));
    EXPECT_EQ(latency(0).count(), 3U);
    EXPECT_EQ(send_lag(0).count(), 3U);
}

TEST_F(Http2Crowd, GivesUpOnThoseThatAreNotAnsweredInTime) {
    asks_of_one_that([](Http2Peer& peer) { peer.answer(kLast, "200", todos()); });
    EXPECT_EQ(happened(), answered(1, {{"timed out", 2}}));
}

TEST_F(Http2Crowd, CountsThoseThatACloseHasCutOff) {
    asks_of_one_that([](Http2Peer& peer) { peer.answer(kFirst, "200", todos()); }, true);
    EXPECT_EQ(happened(), answered(1, {{"connection closed", 1}, {"cut off", 2}}));
}

TEST_F(Http2Crowd, CountsThoseThatAServerHasLeftAsCutOff) {
    asks_of_one_that([](Http2Peer& peer) {
        peer.answer(kFirst, "200", todos());
        peer.leave(kFirst);
    });
    EXPECT_EQ(happened(), answered(1, {{"connection closed", 1}, {"cut off", 2}}));
}

TEST_F(Http2Crowd, LeavesAConnectionThatTheServerLeavesAfterTheAnswers) {
    asks_of_one_that([](Http2Peer& peer) {
        answer_all(peer);
        peer.leave(kLast);
    });
    EXPECT_EQ(happened(), answered(3, {{"connection closed", 1}}));
}

TEST_F(Http2Crowd, LeavesAConnectionOnWhichARequestIsRefused) {
    asks_of_one_that([](Http2Peer& peer) { peer.refuse(kFirst); });
    EXPECT_EQ(happened(), (Happened{{"connected", 1}, {"intended", 3}, {"sent", 3}, {"malformed", 3}}));
}

/// 10 requests a second, three at a time: a turn each 300 ms.
TEST_F(Http2Crowd, AsksAgainWhenItsTurnComes) {
    plan.phases.push_back(parse_phase("10:1"));
    std::int32_t stream = kFirst;
    asks_of_one_that([&](Http2Peer& peer) {
        for (std::uint32_t n = 0; n < kTogether; ++n, stream += 2) peer.answer(stream, "200", todos());
    });
    EXPECT_EQ(at(0).ok.get(), 3U);
    EXPECT_EQ(at(1).sent.get() % 3, 0U);
    EXPECT_GE(at(1).ok.get(), 9U);
    EXPECT_EQ(at(1).ok.get(), at(1).sent.get());
    EXPECT_EQ(at(1).intended.get(), at(1).sent.get());
    EXPECT_EQ(at(1).foreign.get(), 0U);
}

}  // namespace
}  // namespace load
