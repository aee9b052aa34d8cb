#include <fcgi_worker/offload.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "log_safely.hpp"
#include "parker.hpp"
#include "signals_blocked.hpp"

namespace fcgi_worker {
namespace {

constexpr std::size_t kLongestName = 15;

// Why work never ran.
constexpr const char* kCrowded = "too many wait for a thread already";
constexpr const char* kLate = "no thread became free in time";
constexpr const char* kEnding = "it ends";

void require(bool is_in_range, const char* what) {
    if (!is_in_range) throw std::invalid_argument{what};
}

OffloadOptions checked(OffloadOptions options) {
    using namespace std::chrono_literals;
    require(1 <= options.threads && options.threads <= 64, "OffloadOptions: threads must be 1..64");
    require(options.waiting <= 10'000, "OffloadOptions: waiting must be 0..10000");
    require(0 <= options.niceness && options.niceness <= 19, "OffloadOptions: niceness must be 0..19");
    require(!options.name.empty() && options.name.size() <= kLongestName, "OffloadOptions: name must have 1..15 bytes");
    require(0ms <= options.drain_timeout && options.drain_timeout <= 10min,
            "OffloadOptions: drain_timeout must be 0..10 min");
    return options;
}

/// Of the thread that calls it. To be nicer than before needs no right.
void be_nice(int niceness) noexcept {
    const auto self = static_cast<id_t>(gettid());
    if (getpriority(PRIO_PROCESS, self) < niceness) setpriority(PRIO_PROCESS, self, niceness);
}

std::string what_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "not a std::exception";
    }
}

/// One in run(); it lies on its stack.
struct Caller {
    const char* refusal = nullptr;  ///< In the end: why the work never ran, or null, and what it threw.
    std::exception_ptr failure;
    Parker ready;
};

struct Job {
    std::function<void()> work;
    Deadline latest;  ///< To begin.
    Caller* caller;   ///< Null: it was post()ed.
};

/// Nobody touches the caller after it.
void refuse(Caller& caller, const char* why) noexcept {
    caller.refusal = why;
    caller.ready.unpark();
}

}  // namespace

/// The threads, and the queue from which they take the first job that there is.
///
/// A caller that is late leaves the queue by itself. Once a thread has taken it out, it waits until that one is done
/// with it, and asks for no lock afterwards: then the Offload may be gone.
class Offload::Crew {
public:
    Crew(OffloadOptions options, Log log) : options_{checked(std::move(options))}, log_{or_nothing(std::move(log))} {}
    ~Crew() { stop(); }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    void start();
    void stop() noexcept;
    void run(std::function<void()> work, Budget budget);
    bool post(std::function<void()> work);
    OffloadCounts counts() const;

private:
    void live() noexcept;
    [[nodiscard]] std::optional<Job> next() noexcept;
    void work_off(Job job) noexcept;
    void log_failure(const std::exception_ptr& failure) noexcept;
    [[nodiscard]] bool give_up(const Caller& caller) noexcept;
    [[nodiscard]] Unavailable unavailable(const char* why) const { return Unavailable{options_.name + ": " + why}; }

    /// Null where the job is in the queue now; else why not, and it is as it was.
    [[nodiscard]] const char* enqueue(Job& job);

    const OffloadOptions options_;
    const Log log_;

    mutable std::mutex mutex_;
    std::condition_variable work_;  ///< There is some, or the end.
    std::list<Job> queue_;          ///< The first one came first.
    OffloadCounts counts_;
    std::size_t dropped_ = 0;
    bool stopping_ = false;

    std::vector<std::thread> threads_;
};

void Offload::Crew::start() {
    const SignalsBlocked blocked;
    threads_.reserve(options_.threads);
    while (threads_.size() < options_.threads) threads_.emplace_back([this] { live(); });
}

void Offload::Crew::stop() noexcept {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        const Deadline latest = deadline_after(options_.drain_timeout);
        for (Job& job : queue_) {
            job.latest = latest;
            if (job.caller != nullptr) refuse(*job.caller, kEnding);
        }
        queue_.remove_if([](const Job& job) { return job.caller != nullptr; });
        work_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (dropped_ == 0) return;
    log_safely(log_, [this] {
        return LogEntry{LogLevel::kWarning, "posted work dropped", {{"to", options_.name}, {"count", dropped_}}};
    });
    dropped_ = 0;
}

void Offload::Crew::run(std::function<void()> work, Budget budget) {
    Caller self;
    Job job{std::move(work), budget.deadline, &self};
    if (const char* refusal = enqueue(job)) throw unavailable(refusal);
    if (!park_in_queue(self.ready, budget.deadline, [&] { return give_up(self); })) throw unavailable(kLate);
    if (self.refusal != nullptr) throw unavailable(self.refusal);
    if (self.failure) std::rethrow_exception(std::move(self.failure));
}

bool Offload::Crew::post(std::function<void()> work) {
    Job job{std::move(work), Deadline::max(), nullptr};
    return enqueue(job) == nullptr;
}

OffloadCounts Offload::Crew::counts() const {
    const std::lock_guard lock{mutex_};
    OffloadCounts counts = counts_;
    counts.waiting = queue_.size();
    return counts;
}

/// A thread that is free counts before it has come for its job, so that as many may come at once as there is room for.
const char* Offload::Crew::enqueue(Job& job) {
    const std::lock_guard lock{mutex_};
    if (stopping_) return kEnding;
    if (counts_.running + queue_.size() >= options_.threads + options_.waiting) {
        ++counts_.turned_away_crowded;
        return kCrowded;
    }
    queue_.push_back(std::move(job));
    work_.notify_one();
    return nullptr;
}

/// False where a thread has taken it already.
bool Offload::Crew::give_up(const Caller& caller) noexcept {
    const std::lock_guard lock{mutex_};
    if (queue_.remove_if([&](const Job& job) { return job.caller == &caller; }) == 0) return false;
    ++counts_.turned_away_late;
    return true;
}

void Offload::Crew::live() noexcept {
    pthread_setname_np(pthread_self(), options_.name.c_str());
    be_nice(options_.niceness);
    while (std::optional<Job> job = next()) work_off(*std::move(job));
}

/// None: it ends, and there is no more.
std::optional<Job> Offload::Crew::next() noexcept {
    std::unique_lock lock{mutex_};
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return std::nullopt;
    std::optional<Job> job{std::move(queue_.front())};
    queue_.pop_front();
    ++counts_.running;
    return job;
}

/// Its caller may not have noticed yet that it is late.
void Offload::Crew::work_off(Job job) noexcept {
    const bool is_late = Clock::now() >= job.latest;
    std::exception_ptr failure;
    try {
        if (!is_late) job.work();
    } catch (...) {
        failure = std::current_exception();
    }
    job.work = nullptr;  // What it owns is part of it: it goes before the work counts as done, and without the lock.
    const bool is_posted = job.caller == nullptr;
    if (is_posted && failure) log_failure(failure);

    const std::lock_guard lock{mutex_};
    --counts_.running;
    if (!is_late) ++counts_.done;
    if (is_posted) {
        if (failure) ++counts_.failed;
        if (is_late) ++dropped_;
        return;
    }
    if (is_late) {
        ++counts_.turned_away_late;
        refuse(*job.caller, kLate);
    } else {
        job.caller->failure = std::move(failure);
        job.caller->ready.unpark();
    }
}

void Offload::Crew::log_failure(const std::exception_ptr& failure) noexcept {
    log_safely(log_, [&] {
        return LogEntry{LogLevel::kError, "posted work failed", {{"to", options_.name}, {"reason", what_of(failure)}}};
    });
}

// ---- What callers see.
Offload::Offload(OffloadOptions options, Log log) : crew_{std::make_shared<Crew>(std::move(options), std::move(log))} {
    crew_->start();
}

Offload::~Offload() { crew_->stop(); }

void Offload::run_in_turn(std::function<void()> work, Budget budget) {
    const std::shared_ptr<Crew> crew = crew_;
    crew->run(std::move(work), budget);
}

bool Offload::post(std::function<void()> work) { return crew_->post(std::move(work)); }

OffloadCounts Offload::counts() const { return crew_->counts(); }

}  // namespace fcgi_worker
