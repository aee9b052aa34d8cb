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
/// So soon it sees that it is to stop.
constexpr Moment kLongestSleep = std::chrono::seconds{1};
/// So many are sent before answers are looked at again.
constexpr int kTurnsAtOnce = 64;
constexpr int kEventsAtOnce = 64;
/// More than any answer to be expected; what is longer comes in pieces.
constexpr std::size_t kBufferBytes = 65'536;
/// Before a connection is tried again; doubled with each failure up to the second one, half of it by chance.
constexpr Moment kFirstPause = std::chrono::seconds{1};
constexpr Moment kLongestPause = std::chrono::seconds{30};
constexpr std::uint8_t kMostFailures = 5;  // 2^5 s are more than the longest

/// A factor that scatters 0..count-1 over all of it: neighbours in time are no neighbours in the data.
std::uint64_t scatter(std::uint32_t count) {
    auto factor = static_cast<std::uint64_t>(count * 0.6180339887) | 1U;
    while (std::gcd(factor, std::uint64_t{count}) != 1) factor += 2;
    return factor;
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

Crowd::~Crowd() { close(epoll_); }

void Crowd::run() {
    for (;;) {
        finished_ = finished_ || board_.stop.get() > 0;
        bring_back();
        // Those before may have dropped somebody, or given up: who comes back next is known last.
        const std::array next{bring_new_ones(), take_turns(), give_up_overdue(), next_return()};
        if (finished_ && pending_ == 0) return;
        sleep_until(*std::min_element(next.begin(), next.end()));
    }
}

void Crowd::sleep_until(Moment time) {
    const Moment left = std::clamp(time - now(), Moment{0}, kLongestSleep);
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
    for (int tries = 0; arrived_ < users_.size() && board_.stop.get() == 0; ++tries) {
        const Moment due = common_.plan->arrival(static_cast<std::uint32_t>(global(arrived_)));
        if (due > now() || tries == kTurnsAtOnce) return due;
        User& user = users_[arrived_];
        user.intended = due;
        connect_user(arrived_++);
    }
    return kNever;
}

void Crowd::bring_back() {
    while (next_return() <= now()) {
        const Later first = returns_.top();
        returns_.pop();
        users_[first.user].intended = first.when;
        connect_user(first.user);
    }
}

Moment Crowd::next_return() const { return returns_.empty() || finished_ ? kNever : returns_.top().when; }

void Crowd::come_again(std::uint32_t index, Moment delay) { returns_.push({now() + delay, index, 0}); }

/// As a client ought to: later each time that it had no answer, and not all at once.
void Crowd::try_again(std::uint32_t index) {
    User& user = users_[index];
    const Moment longest = std::min(kFirstPause * (1 << user.failures), kLongestPause);
    if (user.failures < kMostFailures) ++user.failures;
    std::uniform_int_distribution<Moment::rep> some_of_it{0, longest.count() / 2};
    come_again(index, longest / 2 + Moment{some_of_it(random_)});
}

// Whose turn it is.

Moment Crowd::next_turn() const {
    const Phase& phase = common_.plan->phases[phase_ - 1];
    if (phase.rate <= 0 || users_.empty()) return kNever;
    constexpr double kWhole = 4294967296.0;
    const double periods = round_ + users_[turn_].position / kWhole - phase.periods_before;
    const auto period = static_cast<double>(common_.plan->period(phase).count());
    return phase.begin + Moment{std::max<Moment::rep>(static_cast<Moment::rep>(periods * period), 0)};
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

/// In which a request counts: the one that its time lies in, however late it is sent, and wherever we are.
std::uint8_t Crowd::phase_of(Moment intended) const {
    std::size_t phase = common_.plan->phases.size();
    while (phase > 0 && intended < common_.plan->phases[phase - 1].begin) --phase;
    return static_cast<std::uint8_t>(phase);
}

void Crowd::begin_phase(std::size_t phase) {
    phase_ = phase;
    const Phase& begun = common_.plan->phases[phase - 1];
    if (begun.dropped == 0) return;
    dropped_at_ = begun.begin;
    drop_some(begun.dropped);
}

void Crowd::take_turn(std::uint32_t index, Moment intended) {
    User& user = users_[index];
    if (user.returning) return;  // we have dropped it, and it is not back yet
    current().intended.add(common_.plan->together);
    if (user.state == User::State::kIdle) {
        send_requests(index, intended);
    } else if (user.state == User::State::kWaiting && user.owed == User::kNothing) {
        user.owed = intended;
    } else {
        current().unsent.add(common_.plan->together);
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
                counts(user).timed_out.add(user.waiting);
                leave(first.user);
            }
        }
        overdue_.pop_front();
    }
    return kNever;
}

}  // namespace load
