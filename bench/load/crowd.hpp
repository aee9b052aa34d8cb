/// The users of one process: connects them, sends each one's requests at their time, and reads what comes back.
///
/// Open loop: when a request is to be sent depends on the plan alone, never on how fast the answers come, and its
/// latency counts from then. So a server that stands still for a second is late for everybody who would have asked
/// meanwhile.
///
/// One thread, one epoll, one buffer to read into; it sleeps until an answer comes or the next request is due. A user
/// costs sizeof(User) here, and a socket in the kernel.
///
/// Threads: one.
/// Errors:  std::system_error when the process cannot go on (no descriptor for the epoll, no memory). What a connection
///          meets is counted on the board.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "answer.hpp"
#include "board.hpp"
#include "http2.hpp"
#include "phases.hpp"
#include "sources.hpp"
#include "todo_requests.hpp"
#include "token_file.hpp"
#include "wire.hpp"

namespace load {

using Clock = std::chrono::steady_clock;

/// What all processes have in common.
struct Common {
    const Plan* plan = nullptr;
    const Sources* sources = nullptr;
    const TokenFile* tokens = nullptr;
    const TlsContext* tls = nullptr;  ///< None: in the clear, HTTP/1.1.
    Mix mix{"100:0:0:0"};
    std::chrono::milliseconds time_out{10'000};  ///< For connect(), and from sending to the whole answer; 1 s to 60 s.
    std::chrono::milliseconds comeback{30'000};  ///< Who was dropped is back after a random time up to this.
    double checked_share = 1;                    ///< Of the answers: whose body is looked at; 0.01..1.
    std::uint32_t processes = 1;
    Clock::time_point start;  ///< Moment 0.
};

/// One connection, and whoever sits behind it.
struct User {
    enum class State : std::uint8_t { kAway, kConnecting, kIdle, kWaiting };
    static constexpr Moment kNothing{-1};

    Moment intended{0};                    ///< Of the requests under way.
    Moment owed{kNothing};                 ///< Of the next ones, whose time came before these ones' answers.
    Wire wire;                             ///< None: it is away.
    std::unique_ptr<Http2Session> http2;   ///< Where that is spoken, while it is connected.
    std::unique_ptr<std::string> partial;  ///< Seldom there: what has come so far of an answer that came in pieces.
    std::uint32_t number = 0;              ///< Among all users; the token's line, the todos' owner.
    std::uint32_t position = 0;            ///< When in each period its turn is, in 1/2^32 of it.
    std::uint32_t attempt = 0;             ///< Of the requests or the connect: tells an old time-out from a new one.
    State state = State::kAway;
    Kind kind = Kind::kList;    ///< Of the request under way, where there is one at a time.
    std::uint8_t waiting = 0;   ///< Requests under way.
    std::uint8_t phase = 0;     ///< Of these: 0 the ramp, n the plan's n-th.
    std::uint8_t failures = 0;  ///< Connections in a row without one answer.
    bool returning = false;     ///< Was dropped by us.
};
static_assert(sizeof(User) <= 128, "a million of them have to fit beside the service");

class Crowd {
public:
    /// The users process, process + processes, process + 2 x processes, ... of the order in which they come.
    Crowd(const Common& common, std::uint32_t process, ProcessBoard& board);
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    /// Until the plan is at its end, or `stop` on the board, and all answers are there, or timed out.
    void run();

private:
    struct Later {
        Moment when;
        std::uint32_t user;
        std::uint32_t attempt;
        bool operator>(const Later& other) const { return when > other.when; }
    };

    [[nodiscard]] Moment now() const { return Clock::now() - common_.start; }
    [[nodiscard]] PhaseCounts& counts(const User& user) { return board_.phases[user.phase]; }
    [[nodiscard]] PhaseCounts& current() { return board_.phases[phase_]; }
    [[nodiscard]] std::uint64_t global(std::uint32_t user) const {
        return std::uint64_t{user} * common_.processes + process_;
    }

    // Each does some of what is due, and says when it has to be called again.
    Moment bring_new_ones();
    Moment take_turns();
    Moment give_up_overdue();
    void bring_back();
    [[nodiscard]] Moment next_return() const;
    void sleep_until(Moment time);

    void begin_phase(std::size_t phase);
    [[nodiscard]] std::uint8_t phase_of(Moment intended) const;
    [[nodiscard]] Moment next_turn() const;
    void take_turn(std::uint32_t index, Moment intended);
    void drop_some(std::uint32_t all_together);

    void connect_user(std::uint32_t index);
    bool open_socket(std::uint32_t index);
    void send_requests(std::uint32_t index, Moment intended);
    [[nodiscard]] bool write_requests(User& user, std::array<std::uint8_t, kKinds>& drawn);
    [[nodiscard]] bool send_output(std::uint32_t index);
    void on_event(std::uint32_t index, std::uint32_t events);
    void on_connected(std::uint32_t index);
    void read_from(std::uint32_t index, bool ended);
    void take_bytes(std::uint32_t index, std::string_view bytes);
    void take_frames(std::uint32_t index, std::string_view bytes);
    void finish(std::uint32_t index, Kind kind, const Answer& answer);
    void leave(std::uint32_t index);
    void lose(std::uint32_t index, Counter& why);
    void fail_to_connect(std::uint32_t index, int error);
    void disconnect(User& user);
    void come_again(std::uint32_t index, Moment delay);
    void try_again(std::uint32_t index);
    void watch_time(std::uint32_t index);

    const Common& common_;
    std::uint32_t process_;
    ProcessBoard& board_;
    Random random_;
    std::vector<User> users_;
    std::string server_;  ///< Its address, as a Host header begins.
    std::string host_;
    std::string output_;  ///< What goes out next: the requests of one turn, or what HTTP/2 has to say.
    std::vector<char> buffer_;
    int epoll_ = -1;

    std::uint32_t arrived_ = 0;  ///< Users whose first connect has been tried.
    std::uint32_t pending_ = 0;  ///< Users who connect, or wait for an answer.
    bool finished_ = false;      ///< No phase is left, or it was told to stop.
    std::size_t phase_ = 0;      ///< The plan's phase that sends, from 1; 0: still the ramp.
    std::uint32_t round_ = 0;    ///< Periods that have gone by, of all phases.
    std::uint32_t turn_ = 0;     ///< The user whose turn is next.
    Moment dropped_at_{0};       ///< The begin of the last phase that cut connections.
    std::deque<Later> overdue_;  ///< In the order of time: when to give up whom.
    std::priority_queue<Later, std::vector<Later>, std::greater<>> returns_;
};

}  // namespace load
