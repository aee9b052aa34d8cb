#include "crowd.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <system_error>
#include <utility>

namespace load {
namespace {

constexpr Moment kNever = Moment::max();
/// So many are sent before answers are looked at again.
constexpr int kTurnsAtOnce = 64;
constexpr int kEventsAtOnce = 64;
/// More than any answer to be expected; what is longer comes in pieces.
constexpr std::size_t kBufferBytes = 65'536;
/// After a lost connection; doubled with each failure up to the second one, and then some of it taken away by chance.
constexpr std::chrono::milliseconds kFirstPause{1'000};
constexpr std::chrono::milliseconds kLongestPause{30'000};

std::uint64_t microseconds(Moment time) {
    return static_cast<std::uint64_t>(
        std::max<Moment::rep>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 0));
}

/// A factor that scatters 0..count-1 over all of it: neighbours in time are no neighbours in the data.
std::uint64_t scatter(std::uint32_t count) {
    auto factor = static_cast<std::uint64_t>(count * 0.6180339887) | 1U;
    while (std::gcd(factor, std::uint64_t{count}) != 1) factor += 2;
    return factor;
}

/// A reset: without it, each closed connection would keep its source port for a minute.
void close_at_once(int fd) {
    const linger nothing{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
    close(fd);
}

}  // namespace

Crowd::Crowd(const Common& common, std::uint32_t process, ProcessBoard& board)
    : common_{common},
      process_{process},
      board_{board},
      random_{process + 1},
      buffer_(kBufferBytes),
      epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
    const std::uint32_t all = common.plan->users;
    users_ = std::vector<User>((all - process + common.processes - 1) / common.processes);
    std::vector<std::uint32_t> positions(users_.size());
    std::uniform_int_distribution<std::uint32_t> anywhere;
    std::generate(positions.begin(), positions.end(), [&] { return anywhere(random_); });
    std::sort(positions.begin(), positions.end());
    std::array<char, INET_ADDRSTRLEN> server{};
    const Endpoints ends = common.sources->at(0);
    server_ = inet_ntop(AF_INET, &ends.server.sin_addr, server.data(), server.size());
    const std::uint64_t factor = scatter(all);
    for (std::uint32_t n = 0; n < users_.size(); ++n) {
        users_[n].position = positions[n];
        users_[n].number = static_cast<std::uint32_t>(global(n) * factor % all);
    }
}

Crowd::~Crowd() {
    for (const User& user : users_) {
        if (user.fd >= 0) close_at_once(user.fd);
    }
    close(epoll_);
}

void Crowd::run() {
    while (!finished_ || pending_ > 0) {
        const std::array next{bring_new_ones(), bring_back(), take_turns(), give_up_overdue()};
        sleep_until(*std::min_element(next.begin(), next.end()));
    }
}

void Crowd::sleep_until(Moment time) {
    const Moment left = time == kNever ? std::chrono::seconds{1} : std::max(time - now(), Moment{0});
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec pause{whole.count(), (left - whole).count()};
    std::array<epoll_event, kEventsAtOnce> events{};
    const int count = epoll_pwait2(epoll_, events.data(), kEventsAtOnce, &pause, nullptr);
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    for (int n = 0; n < count; ++n)
        on_event(events[static_cast<std::size_t>(n)].data.u32, events[static_cast<std::size_t>(n)].events);
}

// Who comes, and who comes again.

Moment Crowd::bring_new_ones() {
    for (int tries = 0; arrived_ < users_.size(); ++tries) {
        const Moment due = common_.plan->arrival(static_cast<std::uint32_t>(global(arrived_)));
        if (due > now() || tries == kTurnsAtOnce) return due;
        User& user = users_[arrived_];
        user.intended = due;
        current().intended.add();
        connect_user(arrived_++);
    }
    return kNever;
}

Moment Crowd::bring_back() {
    while (!returns_.empty() && !finished_) {
        const Later next = returns_.top();
        const Moment time = now();
        if (next.when > time) return next.when;
        returns_.pop();
        users_[next.user].intended = time;
        current().intended.add();
        connect_user(next.user);
    }
    return kNever;
}

void Crowd::come_again(std::uint32_t index, Moment delay) { returns_.push({now() + delay, index, 0}); }

// Whose turn it is.

Moment Crowd::next_turn() const {
    const Phase& phase = common_.plan->phases[phase_ - 1];
    if (phase.rate <= 0 || users_.empty()) return kNever;
    const Moment period = common_.plan->period(phase);
    constexpr double kWhole = 4294967296.0;
    return phase.begin + round_ * period +
           Moment{static_cast<Moment::rep>(users_[turn_].position / kWhole * static_cast<double>(period.count()))};
}

Moment Crowd::take_turns() {
    const std::vector<Phase>& phases = common_.plan->phases;
    for (int turns = 0; !finished_;) {
        const Moment end = phase_ == 0 ? common_.plan->step_end(common_.plan->steps) : phases[phase_ - 1].end();
        const Moment due = phase_ == 0 ? kNever : next_turn();
        if (due < end) {
            if (due > now() || turns++ == kTurnsAtOnce) return due;
            take_turn(turn_, due);
            if (++turn_ == users_.size()) {
                turn_ = 0;
                ++round_;
            }
        } else if (now() < end) {
            return end;
        } else if (phase_ == phases.size()) {
            finished_ = true;
        } else {
            begin_phase(phase_ + 1);
        }
    }
    return kNever;
}

void Crowd::begin_phase(std::size_t phase) {
    phase_ = phase;
    round_ = 0;
    turn_ = 0;
    drop_some(common_.plan->phases[phase - 1].dropped);
}

void Crowd::take_turn(std::uint32_t index, Moment intended) {
    User& user = users_[index];
    current().intended.add();
    if (user.state == User::State::kIdle) {
        send_request(index, intended);
    } else if (user.state == User::State::kWaiting && user.owed == User::kNothing) {
        user.owed = intended;
    } else {
        current().unsent.add();
    }
}

void Crowd::drop_some(std::uint32_t all_together) {
    const auto share_up_to = [&](std::uint64_t processes) { return all_together * processes / common_.processes; };
    const std::uint64_t ours =
        std::min<std::uint64_t>(share_up_to(process_ + 1) - share_up_to(process_), users_.size());
    std::uniform_int_distribution<Moment::rep> some_time{0, std::chrono::nanoseconds{common_.comeback}.count()};
    std::uint32_t index = 0;
    for (std::uint64_t n = 0; n < ours; ++n) {
        index = std::max(index, static_cast<std::uint32_t>(n * users_.size() / ours));
        while (index < users_.size() && users_[index].state != User::State::kIdle) ++index;
        if (index == users_.size()) return;
        users_[index].returning = true;
        disconnect(users_[index]);
        board_.connections.dropped.add();
        come_again(index, Moment{some_time(random_)});
    }
}

// Connections.

void Crowd::connect_user(std::uint32_t index) {
    User& user = users_[index];
    user.phase = static_cast<std::uint8_t>(phase_);
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
                           : counted.unroutable)
        .add();
    counts(user).unsent.add();
    disconnect(user);
    if (user.failures < 5) ++user.failures;
    const Moment longest = std::min(kFirstPause * (1 << (user.failures - 1)), kLongestPause);
    come_again(index, longest / 2 + Moment{static_cast<Moment::rep>(random_()) % (longest.count() / 2)});
}

void Crowd::disconnect(User& user) {
    if (user.state == User::State::kIdle || user.state == User::State::kWaiting) board_.connections.open.subtract(1);
    if (user.state == User::State::kConnecting || user.state == User::State::kWaiting) --pending_;
    if (user.fd >= 0) close_at_once(user.fd);
    user.fd = -1;
    user.state = User::State::kAway;
    user.partial.reset();
    ++user.attempt;
    if (user.owed != User::kNothing) {
        current().unsent.add();
        user.owed = User::kNothing;
    }
}

/// One that was open has ended.
void Crowd::lose(std::uint32_t index, Counter& why) {
    why.add();
    if (users_[index].state == User::State::kWaiting) counts(users_[index]).cut_off.add();
    disconnect(users_[index]);
    come_again(index, kFirstPause);
}

void Crowd::on_event(std::uint32_t index, std::uint32_t events) {
    const User& user = users_[index];
    if (user.fd < 0) return;  // lost meanwhile
    if (user.state == User::State::kConnecting) {
        on_connected(index);
    } else if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read_from(index, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
}

void Crowd::on_connected(std::uint32_t index) {
    User& user = users_[index];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(user.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail_to_connect(index, error);
        return;
    }
    user.failures = 0;
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
    user.phase = static_cast<std::uint8_t>(phase_);
    write_request(request_, user.kind, {user.number, common_.tokens->of(user.number)}, host_, random_);

    PhaseCounts& counted = counts(user);
    const Moment lag = now() - intended;
    const ssize_t sent = send(user.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
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
    const User& user = users_[index];
    while (user.fd >= 0) {
        const ssize_t count = recv(user.fd, buffer_.data(), buffer_.size(), 0);
        if (count > 0) {
            take_bytes(index, {buffer_.data(), static_cast<std::size_t>(count)});
            // Less than there was room for: that was all, and an event will come with more.
            if (static_cast<std::size_t>(count) < buffer_.size() && !ended) return;
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
            come_again(index, kFirstPause);
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
        board_.connections.last_return_ns.raise_to(
            static_cast<std::uint64_t>((time - common_.plan->phases[user.phase - 1U].begin).count()));
    }
    user.partial.reset();
    user.state = User::State::kIdle;
    --pending_;
    ++user.attempt;
    if (answer.closes) {
        board_.connections.closed.add();
        disconnect(user);
        come_again(index, kFirstPause);
    } else if (user.owed != User::kNothing) {
        send_request(index, std::exchange(user.owed, User::kNothing));
    }
}

// Patience.

void Crowd::watch_time(std::uint32_t index) {
    overdue_.push_back({now() + common_.time_out, index, ++users_[index].attempt});
}

Moment Crowd::give_up_overdue() {
    while (!overdue_.empty()) {
        const Later first = overdue_.front();
        User& user = users_[first.user];
        if (user.attempt == first.attempt) {
            if (first.when > now()) return first.when;
            if (user.state == User::State::kConnecting) {
                fail_to_connect(first.user, ETIMEDOUT);
            } else {
                counts(user).timed_out.add();
                disconnect(user);
                come_again(first.user, kFirstPause);
            }
        }
        overdue_.pop_front();
    }
    return kNever;
}

}  // namespace load
