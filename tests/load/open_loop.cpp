#include "open_loop.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <deque>
#include <optional>
#include <string_view>
#include <system_error>

namespace open_loop {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAtOnce = 32;  // requests between two looks at the answers
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
}

struct Connection {
    int descriptor = -1;
    std::size_t exchange = kNone;  ///< What it is at work on.
    std::size_t sent = 0;          ///< Of the request's bytes.
    std::string received;
};

struct Answer {
    int status = 0;
    bool closes = false;  ///< The server ends the connection behind it.
};

/// None while it is not complete. Status 0 is what no server of ours sends.
std::optional<Answer> parse(std::string_view bytes) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t head_size = bytes.find("\r\n\r\n");
    if (head_size == std::string_view::npos) return std::nullopt;
    const std::string_view head = bytes.substr(0, head_size + 2);
    const std::size_t length_at = head.find(kLength);
    Answer answer;
    std::size_t length = 0;
    if (!head.starts_with("HTTP/1.1 ") || length_at == std::string_view::npos) return answer;
    const auto number_at = [&](std::size_t place, auto& number) {
        std::from_chars(head.data() + place, head.data() + head.size(), number);
    };
    number_at(length_at + kLength.size(), length);
    if (bytes.size() < head_size + 4 + length) return std::nullopt;
    if (bytes.size() == head_size + 4 + length) number_at(9, answer.status);
    answer.closes = head.find("\r\nConnection: close\r\n") != std::string_view::npos;
    return answer;
}

class Generator {
public:
    /// The time of the next request, or none when all have been made; it may depend on how many are at work.
    struct Schedule {
        Clock::time_point start;
        Clock::duration duration;
        double rate = 0;          ///< 0: a closed loop.
        std::size_t clients = 0;  ///< Of a closed loop.
    };

    Generator(const Target& target, const Schedule& schedule)
        : target_(target),
          schedule_(schedule),
          total_(static_cast<std::size_t>(
              std::llround(schedule.rate * std::chrono::duration<double>(schedule.duration).count()))),
          request_("GET " + target.path + " HTTP/1.1\r\nHost: localhost\r\n" + target.headers + "\r\n"),
          epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
        exchanges_.reserve(total_);
    }
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;
    ~Generator() {
        for (const Connection& connection : connections_) {
            if (connection.descriptor >= 0) close(connection.descriptor);
        }
        close(epoll_);
    }

    Report run() {
        while (true) {
            // However late it is: answers make connections idle, and whoever opens new ones instead gets later still.
            std::size_t begun = 0;
            for (auto now = Clock::now(); begun < kAtOnce && is_due(now); now = Clock::now(), ++begun) begin(now);
            give_up(Clock::now());
            if (at_work_ == 0 && is_over()) break;
            wait();
        }
        return {schedule_.duration, std::move(exchanges_)};
    }

private:
    [[nodiscard]] bool is_open_loop() const { return schedule_.rate > 0; }
    [[nodiscard]] Clock::time_point end() const { return schedule_.start + schedule_.duration; }
    [[nodiscard]] bool is_over() const { return is_open_loop() ? exchanges_.size() == total_ : Clock::now() >= end(); }
    [[nodiscard]] Clock::time_point next() const {
        const std::chrono::duration<double> after{static_cast<double>(exchanges_.size()) / schedule_.rate};
        return schedule_.start + std::chrono::duration_cast<Clock::duration>(after);
    }
    [[nodiscard]] bool is_due(Clock::time_point now) const {
        if (is_open_loop()) return !is_over() && next() <= now;
        return now < end() && at_work_ < schedule_.clients;
    }

    void begin(Clock::time_point now) {
        const Clock::time_point scheduled = is_open_loop() ? next() : now;
        Exchange& exchange = exchanges_.emplace_back();
        exchange.scheduled = scheduled - schedule_.start;
        exchange.lateness = now - scheduled;
        if (Connection* connection = take_connection()) {
            connection->exchange = exchanges_.size() - 1;
            connection->sent = 0;
            connection->received.clear();
            ++at_work_;
            waiting_.emplace_back(connection, connection->exchange);
            send(*connection);
        } else {
            exchange.fate = Fate::kNoConnection;
        }
    }

    Connection* take_connection() {
        if (idle_.empty()) return open();
        Connection* connection = idle_.back();
        idle_.pop_back();
        return connection;
    }

    /// A connection in the making: the request goes out when it is made, or it turns out broken.
    Connection* open() {
        if (closed_.empty() && connections_.size() == target_.connections) return nullptr;
        if (closed_.empty()) closed_.push_back(&connections_.emplace_back());
        Connection* connection = closed_.back();
        closed_.pop_back();
        connection->descriptor =
            checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "cannot make a socket");
        const int on = 1;
        setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(target_.ports[opened_++ % target_.ports.size()]));
        // Whether it failed is seen where the request is sent.
        std::ignore = connect(connection->descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        epoll_event wanted{};
        wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        wanted.data.ptr = connection;
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->descriptor, &wanted), "cannot watch a socket");
        return connection;
    }

    void send(Connection& connection) {
        while (connection.exchange != kNone && connection.sent < request_.size()) {
            const ssize_t count = ::send(connection.descriptor, request_.data() + connection.sent,
                                         request_.size() - connection.sent, MSG_NOSIGNAL);
            if (count < 0 && errno == EAGAIN) return;
            if (count < 0) return finish(connection, Fate::kBroken);
            connection.sent += static_cast<std::size_t>(count);
        }
    }

    /// What came, and the end where there is one: another event tells of what comes later.
    void receive(Connection& connection, std::uint32_t events) {
        const bool has_ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        for (bool has_more = true; has_more && connection.descriptor >= 0;) {
            const ssize_t count = recv(connection.descriptor, buffer_.data(), buffer_.size(), 0);
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0) return connection.exchange == kNone ? drop(connection) : finish(connection, Fate::kBroken);
            has_more = has_ended || static_cast<std::size_t>(count) == buffer_.size();
            connection.received.append(buffer_.data(), static_cast<std::size_t>(count));
            const std::optional<Answer> answer = parse(connection.received);
            if (!answer) continue;
            if (answer->status == 0 || connection.exchange == kNone) return finish(connection, Fate::kBroken);
            exchanges_[connection.exchange].status = answer->status;
            finish(connection, Fate::kAnswered);
            if (answer->closes) drop(connection);
        }
    }

    /// The connection is idle then, or closed where it is of no more use.
    void finish(Connection& connection, Fate fate) {
        if (connection.exchange != kNone) {
            Exchange& exchange = exchanges_[connection.exchange];
            exchange.fate = fate;
            exchange.latency = Clock::now() - schedule_.start - exchange.scheduled;
            connection.exchange = kNone;
            --at_work_;
            idle_.push_back(&connection);
        }
        if (fate != Fate::kAnswered) drop(connection);
    }

    /// Closes one that is idle.
    void drop(Connection& connection) {
        idle_.erase(std::find(idle_.rbegin(), idle_.rend(), &connection).base() - 1);
        close(connection.descriptor);
        connection.descriptor = -1;
        closed_.push_back(&connection);
    }

    /// Whoever has waited longer than its patience. `waiting_` is in the order of the schedule.
    void give_up(Clock::time_point now) {
        while (!waiting_.empty()) {
            const auto [connection, exchange] = waiting_.front();
            if (connection->exchange == exchange) {
                if (schedule_.start + exchanges_[exchange].scheduled + target_.patience > now) return;
                finish(*connection, Fate::kTimedOut);
            }
            waiting_.pop_front();
        }
    }

    /// For an event or the next request. Milliseconds are coarse: a request is up to one late.
    void wait() {
        constexpr milliseconds kLongest{10};  // also the precision of time-outs
        milliseconds pause = kLongest;
        if (is_open_loop() && !is_over()) {
            pause = std::clamp(std::chrono::ceil<milliseconds>(next() - Clock::now()), milliseconds{0}, kLongest);
        }
        const int count =
            epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(pause.count()));
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            Connection& connection = *static_cast<Connection*>(event.data.ptr);
            send(connection);
            receive(connection, event.events);
        }
    }

    const Target& target_;
    const Schedule schedule_;
    const std::size_t total_;
    const std::string request_;
    const int epoll_;
    std::deque<Connection> connections_;  ///< Those that ever were: they keep their place.
    std::vector<Connection*> idle_;
    std::vector<Connection*> closed_;
    std::deque<std::pair<Connection*, std::size_t>> waiting_;
    std::vector<Exchange> exchanges_;
    std::size_t at_work_ = 0;
    std::size_t opened_ = 0;
    std::array<epoll_event, 256> events_{};
    std::array<char, 16'384> buffer_{};
};

std::string name_of(const Exchange& exchange) {
    switch (exchange.fate) {
        case Fate::kAnswered:
            return std::to_string(exchange.status);
        case Fate::kNoConnection:
            return "not sent";
        case Fate::kBroken:
            return "broken";
        case Fate::kTimedOut:
            break;
    }
    return "timed out";
}

}  // namespace

std::vector<std::size_t> Report::each_second(int status) const {
    std::vector<std::size_t> counts(
        static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(duration).count()));
    for (const Exchange& exchange : exchanges) {
        const Clock::duration came = exchange.scheduled + exchange.latency;
        if (exchange.status != status || came >= duration) continue;
        ++counts[static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(came).count())];
    }
    return counts;
}

double Report::per_second(int status) const {
    std::size_t count = 0;
    for (const std::size_t of_second : each_second(status)) count += of_second;
    return static_cast<double>(count) / std::chrono::duration<double>(duration).count();
}

std::map<std::string, std::size_t> Report::outcomes() const {
    std::map<std::string, std::size_t> counts;
    for (const Exchange& exchange : exchanges) ++counts[name_of(exchange)];
    return counts;
}

std::vector<Clock::duration> Report::latencies(int status) const {
    std::vector<Clock::duration> found;
    for (const Exchange& exchange : exchanges) {
        if (exchange.status == status) found.push_back(exchange.latency);
    }
    return found;
}

std::vector<Clock::duration> Report::lateness() const {
    std::vector<Clock::duration> found;
    for (const Exchange& exchange : exchanges) found.push_back(exchange.lateness);
    return found;
}

Clock::duration quantile(std::vector<Clock::duration> values, double share) {
    if (values.empty()) return {};
    const auto rank = static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(values.size())));
    const auto place = values.begin() + std::clamp<std::ptrdiff_t>(rank - 1, 0, std::ssize(values) - 1);
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

Report offer(const Target& target, double rate, Clock::duration duration, Clock::time_point start) {
    return Generator{target, {.start = start, .duration = duration, .rate = rate}}.run();
}

Report saturate(const Target& target, std::size_t clients, Clock::duration duration) {
    return Generator{target, {.start = Clock::now(), .duration = duration, .clients = clients}}.run();
}

}  // namespace open_loop
