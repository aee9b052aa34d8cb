#include "fibers.hpp"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

#include "parker.hpp"
#include "stack_switch.hpp"

namespace fcgi_worker {
namespace {

/// Fibers that are ready: to go on with so many takes a thread longer than to wake a second one.
constexpr std::size_t kMany = 16;

thread_local Fiber* current = nullptr;

// Not inline: whoever asks again after a wait may be on another thread, which a compiler does not expect.
[[gnu::noinline]] Fiber* current_fiber() noexcept { return current; }
[[gnu::noinline]] void set_current_fiber(Fiber* fiber) noexcept { current = fiber; }

}  // namespace

/// A stack, and what runs on it: one task after the other.
///
/// A wait has two halves. The fiber leaves its stack and says why; the thread, back on its own stack, sees to it that
/// others may go on with the fiber. Before that nobody may: part of what it is would still be on the way.
class Fiber {
public:
    enum class Wish : std::uint8_t { kNextTask, kPark, kLetOthersGoFirst, kEnd };

    Fiber(Fibers& home, std::size_t stack_bytes) : home_(home) {
        boost::context::protected_fixedsize_stack allocator{stack_bytes};
        const boost::context::stack_context stack = allocator.allocate();
        stack_.is_at(static_cast<const char*>(stack.sp) - stack.size, stack.size);
        stack_.make();
        context_ = boost::context::fiber{std::allocator_arg, boost::context::preallocated{stack.sp, stack.size, stack},
                                         allocator, [this](boost::context::fiber&& thread) {
                                             stack_.arrive(*thread_stack_);
                                             thread_ = std::move(thread);
                                             work();
                                             stack_.leave(*thread_stack_, true);
                                             return std::move(thread_);
                                         }};
    }
    ~Fiber() {
        task_ = nullptr;
        (void)enter();  // without a task: work() returns, and its stack goes
        stack_.destroy();
    }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // ---- On a thread's own stack.

    void give(Fibers::Task task) noexcept { task_ = std::move(task); }

    /// Runs it until it wishes for something.
    [[nodiscard]] Wish enter() noexcept {
        StackSwitch here;
        here.is_this_thread();
        thread_stack_ = &here;
        set_current_fiber(this);
        here.leave(stack_);
        context_ = std::move(context_).resume();
        here.arrive(stack_);
        set_current_fiber(nullptr);
        return wish_;
    }

    /// False where it was posted meanwhile.
    [[nodiscard]] bool rest() noexcept { return change(State::kRunning, State::kParked); }

    /// Whether its wait is over for want of time; then it is ready.
    [[nodiscard]] bool expires(Clock::time_point now) noexcept {
        return state_.load(std::memory_order_acquire) == State::kParked &&
               latest_.load(std::memory_order_relaxed) <= now.time_since_epoch().count() &&
               change(State::kParked, State::kLate);
    }

    // ---- On its own stack.

    void prepare_to_park() noexcept { state_.store(State::kRunning, std::memory_order_relaxed); }

    bool park_until(Deadline latest) noexcept {
        latest_.store(latest.time_since_epoch().count(), std::memory_order_relaxed);
        do {
            if (state_.load(std::memory_order_acquire) == State::kPosted) return true;
            leave(Wish::kPark);
            if (!change(State::kLate, State::kRunning)) return true;
        } while (Clock::now() < latest);
        return false;
    }
    void let_others_go_first() noexcept { leave(Wish::kLetOthersGoFirst); }
    [[nodiscard]] Fibers& home() const noexcept { return home_; }

    // ---- On any thread.

    /// Whoever waits is gone as soon as this is done, and may wait for something else, unless it was parked.
    void post() noexcept {
        if (state_.exchange(State::kPosted, std::memory_order_acq_rel) == State::kParked) home_.make_ready(*this);
    }

    Fiber* next_in_line = nullptr;  ///< Of Fibers::Line.

private:
    enum class State : std::uint8_t { kRunning, kParked, kPosted, kLate };

    bool change(State from, State to) noexcept {
        return state_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
    }

    void work() noexcept {
        while (task_) {
            task_();
            task_ = nullptr;
            leave(Wish::kNextTask);
        }
        wish_ = Wish::kEnd;
    }

    [[gnu::noinline]] void leave(Wish wish) noexcept {
        wish_ = wish;
        stack_.leave(*thread_stack_);
        thread_ = std::move(thread_).resume();
        stack_.arrive(*thread_stack_);
    }

    Fibers& home_;
    boost::context::fiber context_;  ///< Of the task, while it is not running.
    boost::context::fiber thread_;   ///< Of the thread that runs it.
    StackSwitch stack_;
    StackSwitch* thread_stack_ = nullptr;
    Fibers::Task task_;
    Wish wish_ = Wish::kNextTask;
    std::atomic<State> state_ = State::kRunning;
    std::atomic<Clock::rep> latest_ = 0;
};

Fibers::Fibers(std::size_t count, std::size_t stack_bytes, Reserve& reserve, std::function<void()> wake,
               std::function<void()> one_waits)
    : count_(count), reserve_(reserve), wake_(std::move(wake)), one_waits_(std::move(one_waits)) {
    fibers_.reserve(count);
    idle_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        idle_.push_back(fibers_.emplace_back(std::make_unique<Fiber>(*this, stack_bytes)).get());
    }
}

Fibers::~Fibers() = default;

void Fibers::start(Task task) {
    Fiber* fiber = nullptr;
    {
        const std::lock_guard lock{mutex_};
        if (idle_.empty()) {
            queued_.push_back(std::move(task));
            return;
        }
        fiber = idle_.back();
        idle_.pop_back();
        ++at_work_;
    }
    fiber->give(std::move(task));
    resume(*fiber);
}

void Fibers::resume(Fiber& fiber) {
    ++running_;
    for (bool goes_on = true; goes_on;) {
        switch (fiber.enter()) {
            case Fiber::Wish::kNextTask:
                goes_on = takes_a_queued_task(fiber);
                break;
            case Fiber::Wish::kPark:
                ++parked_;
                goes_on = !fiber.rest();
                if (goes_on) {
                    --parked_;
                } else {
                    one_waits_();
                }
                break;
            case Fiber::Wish::kLetOthersGoFirst:
                line_up(fiber);
                one_waits_();  // for as long as the one that this thread runs next may take
                goes_on = false;
                break;
            case Fiber::Wish::kEnd:
                goes_on = false;
                break;
        }
    }
    --running_;
}

void Fibers::line_up(Fiber& polite) {
    const std::lock_guard lock{mutex_};
    polite_.push(polite);
}

bool Fibers::takes_a_queued_task(Fiber& fiber) {
    const std::lock_guard lock{mutex_};
    if (queued_.empty()) {
        idle_.push_back(&fiber);
        --at_work_;
        return false;
    }
    fiber.give(std::move(queued_.front()));
    queued_.pop_front();
    return true;
}

void Fibers::Line::push(Fiber& fiber) noexcept {
    (last_ == nullptr ? first_ : last_->next_in_line) = &fiber;
    last_ = &fiber;
    ++size_;
}

Fiber* Fibers::Line::pop() noexcept {
    Fiber* const fiber = first_;
    if (fiber == nullptr) return nullptr;
    first_ = std::exchange(fiber->next_in_line, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return fiber;
}

Fiber* Fibers::take(Line& line) noexcept {
    if (line.size() == 0) return nullptr;
    const std::lock_guard lock{mutex_};
    return line.pop();
}

void Fibers::resume_ready() {
    while (Fiber* const fiber = take(ready_)) resume(*fiber);
}

void Fibers::resume_polite() {
    if (Fiber* const fiber = take(polite_)) resume(*fiber);
}

void Fibers::expire(Clock::time_point now) {
    for (const auto& fiber : fibers_) {
        if (fiber->expires(now)) make_ready(*fiber);
    }
}

/// Its wait is over. A thread of the loop that calls this comes by itself to what is ready; where that is much, another
/// one helps.
void Fibers::make_ready(Fiber& fiber) noexcept {
    const Fiber* const caller = current_fiber();
    const std::lock_guard lock{mutex_};  // to the end: it may be the last request, and all of this be gone after it
    ready_.push(fiber);
    --parked_;
    if (caller == nullptr || &caller->home() != this || ready_.size() == kMany) wake_();
}

// ---- Waits

Parker::Parker() noexcept : fiber_(current_fiber()) {
    if (fiber_ != nullptr) {
        fiber_->prepare_to_park();
    } else {
        sem_init(&semaphore_, 0, 0);
    }
}

Parker::~Parker() {
    if (fiber_ == nullptr) sem_destroy(&semaphore_);
}

void Parker::unpark() noexcept {
    if (fiber_ != nullptr) return fiber_->post();
    is_posted_.store(true, std::memory_order_release);
    sem_post(&semaphore_);
}

bool Parker::park_until(Deadline latest) noexcept {
    return fiber_ != nullptr ? fiber_->park_until(latest) : sleep_until(latest);
}

bool Parker::sleep_until(Deadline latest) noexcept {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    const auto since_boot = std::chrono::duration_cast<nanoseconds>(latest.time_since_epoch());
    const auto whole = std::chrono::floor<seconds>(since_boot);
    const timespec time{whole.count(), (since_boot - whole).count()};
    while (sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &time) != 0) {
        if (errno == ETIMEDOUT) return false;
    }
    return is_posted_.load(std::memory_order_acquire);
}

void let_others_go_first() noexcept {
    if (Fiber* const fiber = current_fiber()) fiber->let_others_go_first();
}

Blocked::Blocked() noexcept : fiber_(current_fiber()) {
    if (fiber_ == nullptr) return;
    Fibers& home = fiber_->home();
    if (home.is_one_ready()) home.wake_();
    ++home.blocked_;
    home.reserve_.one_is_blocked();
}

Blocked::~Blocked() {
    if (fiber_ == nullptr) return;
    --fiber_->home().blocked_;
    fiber_->home().reserve_.one_goes_on();
}

}  // namespace fcgi_worker
