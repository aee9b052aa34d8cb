/// The crowd's connections: how one comes about and ends, and what is said on it.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "crowd.hpp"

namespace load {
namespace {

std::uint64_t microseconds(Moment time) {
    return static_cast<std::uint64_t>(
        std::max<Moment::rep>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 0));
}

}  // namespace

// Connections.

void Crowd::connect_user(std::uint32_t index) {
    User& user = users_[index];
    user.phase = phase_of(user.intended);
    counts(user).intended.add(common_.plan->together);
    if (!open_socket(index)) {
        fail_to_connect(index, errno);
        return;
    }
    user.state = User::State::kConnecting;
    ++pending_;
    watch_time(index);
}

bool Crowd::open_socket(std::uint32_t index) {
    User& user = users_[index];
    const Endpoints ends = common_.sources->at(global(index));
    user.wire = Wire{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!user.wire) return false;
    const int fd = user.wire.fd();
    const int on = 1;
    // A source port is used again for each port of the server, so no port may be taken for good by the first.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ends.source.sin_port == 0) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&ends.source), sizeof ends.source) != 0) return false;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&ends.server), sizeof ends.server) != 0 && errno != EINPROGRESS)
        return false;
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    wanted.data.u32 = index;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &wanted) == 0;
}

void Crowd::fail_to_connect(std::uint32_t index, int error) {
    User& user = users_[index];
    ConnectionCounts& counted = board_.connections;
    (error == ECONNREFUSED ? counted.refused
     : error == ECONNRESET ? counted.reset
     : error == ETIMEDOUT  ? counted.timed_out
     : error == EPROTO     ? counted.tls_failed
                           : counted.unroutable)
        .add();
    counts(user).unsent.add(common_.plan->together);
    leave(index);
}

void Crowd::disconnect(User& user) {
    if (user.state == User::State::kIdle || user.state == User::State::kWaiting) board_.connections.open.subtract(1);
    if (user.state == User::State::kConnecting || user.state == User::State::kWaiting) --pending_;
    user.http2.reset();
    user.wire = {};
    user.state = User::State::kAway;
    user.waiting = 0;
    user.partial.reset();
    ++user.attempt;
    if (user.owed != User::kNothing) {
        board_.phases[phase_of(user.owed)].unsent.add(common_.plan->together);
        user.owed = User::kNothing;
    }
}

/// One that was open has ended.
void Crowd::lose(std::uint32_t index, Counter& why) {
    why.add();
    counts(users_[index]).cut_off.add(users_[index].waiting);
    leave(index);
}

void Crowd::leave(std::uint32_t index) {
    disconnect(users_[index]);
    try_again(index);
}

void Crowd::on_event(std::uint32_t index, std::uint32_t events) {
    const User& user = users_[index];
    if (!user.wire) return;  // lost meanwhile
    if (user.state == User::State::kConnecting) {
        on_connected(index);
    }
    // Also when it was just connected: what came with that in one event comes in no other.
    if (user.wire && user.state != User::State::kConnecting && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read_from(index, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
}

void Crowd::on_connected(std::uint32_t index) {
    User& user = users_[index];
    const int error = user.wire.establish(common_.tls);
    if (error == EAGAIN) return;
    if (error != 0) {
        fail_to_connect(index, error);
        return;
    }
    user.state = User::State::kIdle;
    --pending_;
    board_.connections.open.add();
    board_.connections.connected.add();
    if (common_.tls != nullptr && common_.tls->protocol() == Protocol::kHttp2)
        user.http2 = std::make_unique<Http2Session>();
    send_requests(index, user.intended);
}

// Requests and answers.

/// Into output_. False where the server takes no more on this connection.
bool Crowd::write_requests(User& user, std::array<std::uint8_t, kKinds>& drawn) {
    for (std::uint32_t n = 0; n < common_.plan->together; ++n) {
        user.kind = common_.mix.draw(random_);
        ++drawn[static_cast<std::size_t>(user.kind)];
        write_request(output_, user.kind, {user.number, common_.tokens->of(user.number)}, host_, random_);
        if (user.http2 && !user.http2->ask(output_, static_cast<std::uint8_t>(user.kind))) return false;
    }
    if (user.http2) output_ = user.http2->output();
    return true;
}

/// False: the connection is lost. Nothing was on its way, and yet there is no room for some kilobytes: it is dead, or
/// the kernel has no memory.
bool Crowd::send_output(std::uint32_t index) {
    const ssize_t sent = users_[index].wire.send(output_);
    if (sent == static_cast<ssize_t>(output_.size())) return true;
    lose(index, sent < 0 && (errno == EPIPE || errno == ECONNRESET) ? board_.connections.reset
                                                                    : board_.connections.unroutable);
    return false;
}

void Crowd::send_requests(std::uint32_t index, Moment intended) {
    User& user = users_[index];
    const std::uint32_t together = common_.plan->together;
    const Endpoints ends = common_.sources->at(global(index));
    host_ = server_ + ":" + std::to_string(ntohs(ends.server.sin_port));
    user.intended = intended;
    user.phase = phase_of(intended);
    PhaseCounts& counted = counts(user);
    std::array<std::uint8_t, kKinds> drawn{};
    if (!write_requests(user, drawn)) {
        counted.unsent.add(together);
        lose(index, board_.connections.closed);
        return;
    }
    const Moment lag = now() - intended;
    if (!send_output(index)) {
        counted.unsent.add(together);
        return;
    }
    counted.sent.add(together);
    for (std::size_t kind = 0; kind < kKinds; ++kind) counted.kinds[kind].add(drawn[kind]);
    for (std::uint32_t n = 0; n < together; ++n) counted.send_lag.record(microseconds(lag));
    if (lag > kLate) counted.late.add(together);
    user.state = User::State::kWaiting;
    user.waiting = static_cast<std::uint8_t>(together);
    ++pending_;
    watch_time(index);
}

void Crowd::read_from(std::uint32_t index, bool ended) {
    User& user = users_[index];
    while (user.wire) {
        const ssize_t count = user.wire.receive(buffer_.data(), buffer_.size());
        if (count > 0) {
            const std::string_view bytes{buffer_.data(), static_cast<std::size_t>(count)};
            const bool may_have_more = bytes.size() == buffer_.size() || user.wire.reads_by_records();
            if (user.http2) {
                take_frames(index, bytes);
            } else {
                take_bytes(index, bytes);
            }
            if (!may_have_more && !ended) return;
        } else if (count == 0) {
            lose(index, board_.connections.closed);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            lose(index, board_.connections.reset);
        }
    }
}

void Crowd::take_bytes(std::uint32_t index, std::string_view bytes) {
    User& user = users_[index];
    if (user.partial) bytes = user.partial->append(bytes);
    const Answer answer =
        user.state == User::State::kWaiting ? read_answer(bytes) : Answer{Answer::State::kMalformed, 0, {}, true};
    switch (answer.state) {
        case Answer::State::kIncomplete:
            if (!user.partial) user.partial = std::make_unique<std::string>(bytes);
            break;
        case Answer::State::kComplete:
            finish(index, user.kind, answer);
            break;
        case Answer::State::kMalformed:
            counts(user).malformed.add();
            leave(index);
            break;
    }
}

void Crowd::take_frames(std::uint32_t index, std::string_view bytes) {
    User& user = users_[index];
    const bool is_good = user.http2->receive(bytes);
    while (const auto answered = user.http2->next_answer()) {
        finish(index, static_cast<Kind>(answered->mark),
               {Answer::State::kComplete, answered->status, answered->body, answered->closes});
        if (!user.http2) return;
    }
    if (!is_good && user.http2->is_left()) {
        lose(index, board_.connections.closed);
        return;
    }
    if (!is_good) {
        counts(user).malformed.add(std::max<std::uint8_t>(user.waiting, 1));
        leave(index);
        return;
    }
    output_ = user.http2->output();
    if (!output_.empty()) (void)send_output(index);
}

void Crowd::finish(std::uint32_t index, Kind kind, const Answer& answer) {
    User& user = users_[index];
    PhaseCounts& counted = counts(user);
    const Moment time = now();
    counted.latency.record(microseconds(time - user.intended));
    counted.answered.add();
    counted.status[std::min<std::size_t>(answer.status, counted.status.size() - 1)].add();
    if (answer.status < 300) {
        counted.ok.add();
        if (common_.checked_share >= 1 ||
            static_cast<double>(random_()) < common_.checked_share * static_cast<double>(Random::max())) {
            counted.checked.add();
            if (!is_own(kind, user.number, answer.body)) counted.foreign.add();
        }
    }
    if (user.returning) {
        user.returning = false;
        board_.connections.returned.add();
        board_.connections.last_return_ns.raise_to(static_cast<std::uint64_t>((time - dropped_at_).count()));
    }
    user.partial.reset();
    user.failures = 0;
    if (--user.waiting > 0) return;
    user.state = User::State::kIdle;
    --pending_;
    ++user.attempt;
    if (answer.closes) {
        board_.connections.closed.add();
        leave(index);
    } else if (user.owed != User::kNothing) {
        send_requests(index, std::exchange(user.owed, User::kNothing));
    }
}

}  // namespace load
