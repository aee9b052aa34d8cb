/// The crowd's connections: how one comes about and ends, and what is said on it.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

/// A reset: without it, each closed connection would keep its source port for a minute.
void Crowd::close_at_once(int fd) {
    const linger nothing{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
    close(fd);
}

void Crowd::connect_user(std::uint32_t index) {
    User& user = users_[index];
    user.phase = phase_of(user.intended);
    counts(user).intended.add();
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
    user.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (user.fd < 0) return false;
    const int on = 1;
    // A source port is used again for each port of the server, so no port may be taken for good by the first.
    setsockopt(user.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ends.source.sin_port == 0) setsockopt(user.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(user.fd, reinterpret_cast<const sockaddr*>(&ends.source), sizeof ends.source) != 0) return false;
    if (connect(user.fd, reinterpret_cast<const sockaddr*>(&ends.server), sizeof ends.server) != 0 &&
        errno != EINPROGRESS)
        return false;
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    wanted.data.u32 = index;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, user.fd, &wanted) == 0;
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
    counts(user).unsent.add();
    disconnect(user);
    try_again(index);
}

void Crowd::disconnect(User& user) {
    if (user.state == User::State::kIdle || user.state == User::State::kWaiting) board_.connections.open.subtract(1);
    if (user.state == User::State::kConnecting || user.state == User::State::kWaiting) --pending_;
    user.tls = {};
    if (user.fd >= 0) close_at_once(user.fd);
    user.fd = -1;
    user.state = User::State::kAway;
    user.partial.reset();
    ++user.attempt;
    if (user.owed != User::kNothing) {
        board_.phases[phase_of(user.owed)].unsent.add();
        user.owed = User::kNothing;
    }
}

/// One that was open has ended.
void Crowd::lose(std::uint32_t index, Counter& why) {
    why.add();
    if (users_[index].state == User::State::kWaiting) counts(users_[index]).cut_off.add();
    disconnect(users_[index]);
    try_again(index);
}

void Crowd::on_event(std::uint32_t index, std::uint32_t events) {
    const User& user = users_[index];
    if (user.fd < 0) return;  // lost meanwhile
    if (user.state == User::State::kConnecting) {
        on_connected(index);
    }
    // Also when it was just connected: what came with that in one event comes in no other.
    if (user.fd >= 0 && user.state != User::State::kConnecting &&
        (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read_from(index, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
}

/// 0 where the user can ask now, EAGAIN where the handshake goes on.
int Crowd::establish(User& user) const {
    if (!user.tls) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(user.fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0 || common_.tls == nullptr) return error;
        user.tls = common_.tls->session(user.fd);
    }
    return user.tls.handshake();
}

void Crowd::on_connected(std::uint32_t index) {
    User& user = users_[index];
    const int error = establish(user);
    if (error == EAGAIN) return;
    if (error != 0) {
        fail_to_connect(index, error);
        return;
    }
    user.state = User::State::kIdle;
    --pending_;
    board_.connections.open.add();
    board_.connections.connected.add();
    send_request(index, user.intended);
}

// Requests and answers.

void Crowd::send_request(std::uint32_t index, Moment intended) {
    User& user = users_[index];
    const Endpoints ends = common_.sources->at(global(index));
    host_ = server_ + ":" + std::to_string(ntohs(ends.server.sin_port));
    user.kind = common_.mix.draw(random_);
    user.intended = intended;
    user.phase = phase_of(intended);
    write_request(request_, user.kind, {user.number, common_.tokens->of(user.number)}, host_, random_);

    PhaseCounts& counted = counts(user);
    const Moment lag = now() - intended;
    const ssize_t sent =
        user.tls ? user.tls.send(request_) : send(user.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) {
        // Nothing was on its way, and yet there is no room for half a kilobyte: the connection is dead, or the kernel
        // has no memory.
        counted.unsent.add();
        lose(index, sent < 0 && (errno == EPIPE || errno == ECONNRESET) ? board_.connections.reset
                                                                        : board_.connections.unroutable);
        return;
    }
    counted.sent.add();
    counted.kinds[static_cast<std::size_t>(user.kind)].add();
    counted.send_lag.record(microseconds(lag));
    if (lag > kLate) counted.late.add();
    user.state = User::State::kWaiting;
    ++pending_;
    watch_time(index);
}

void Crowd::read_from(std::uint32_t index, bool ended) {
    User& user = users_[index];
    while (user.fd >= 0) {
        const ssize_t count = user.tls ? user.tls.receive(buffer_.data(), buffer_.size())
                                       : recv(user.fd, buffer_.data(), buffer_.size(), 0);
        if (count > 0) {
            take_bytes(index, {buffer_.data(), static_cast<std::size_t>(count)});
            // Less than there was room for: that was all, and an event will come with more. Of TLS it is one record.
            if (!user.tls && static_cast<std::size_t>(count) < buffer_.size() && !ended) return;
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
            finish(index, answer);
            break;
        case Answer::State::kMalformed:
            counts(user).malformed.add();
            disconnect(user);
            try_again(index);
            break;
    }
}

void Crowd::finish(std::uint32_t index, const Answer& answer) {
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
            if (!is_own(user.kind, user.number, answer.body)) counted.foreign.add();
        }
    }
    if (user.returning) {
        user.returning = false;
        board_.connections.returned.add();
        board_.connections.last_return_ns.raise_to(static_cast<std::uint64_t>((time - dropped_at_).count()));
    }
    user.partial.reset();
    user.failures = 0;
    user.state = User::State::kIdle;
    --pending_;
    ++user.attempt;
    if (answer.closes) {
        board_.connections.closed.add();
        disconnect(user);
        try_again(index);
    } else if (user.owed != User::kNothing) {
        send_request(index, std::exchange(user.owed, User::kNothing));
    }
}

}  // namespace load
