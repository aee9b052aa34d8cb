#include <fcgi_worker/pq/combiner.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>

#include "parker.hpp"
#include "pq/batch.hpp"
#include "pq/no_nul.hpp"
#include "pq/options.hpp"

namespace fcgi_worker::pq {
namespace {

/// One request in execute(); it lies on that request's stack.
struct Place {
    Place(const Member& what, Budget until, bool by_itself) : member{what}, budget{until}, alone{by_itself} {}

    const Member& member;
    const Budget budget;
    const bool alone;           ///< Shares no batch: its first one was refused.
    Clock::time_point taken{};  ///< Into a batch.

    std::optional<Rows> rows;  ///< In the end: these, or a failure, or neither, where its batch was refused.
    std::exception_ptr failure;

    bool leads = false;
    Parker ready;  ///< It leads, or has what it came for.
};
using Places = std::vector<Place*>;
using Names = std::unordered_set<std::string_view>;

/// Who of those that wait may go, asked in their order: nobody before one that came earlier and touches the same.
class Order {
public:
    explicit Order(const Names& touched) : touched_{touched} {}

    [[nodiscard]] bool may_go(const Place& place) const {
        const auto& names = place.member.touches;
        return std::none_of(names.begin(), names.end(), [this](const std::string& name) {
            return touched_.contains(name) || passed_over_.contains(name);
        });
    }
    void pass_over(const Place& place) {
        passed_over_.insert(place.member.touches.begin(), place.member.touches.end());
    }

private:
    const Names& touched_;
    Names passed_over_;
};

/// Each may be gone at once.
void wake(const Places& places) {
    for (Place* place : places) place->ready.unpark();
}

/// Those of a batch whose client is still there; the others get a failure instead. One look at all of them.
Places still_wanted(const Places& batch) {
    std::vector<pollfd> looks;
    looks.reserve(batch.size());
    for (const Place* place : batch) looks.push_back({place->budget.client, POLLRDHUP, 0});  // -1 is passed over
    if (::poll(looks.data(), looks.size(), 0) <= 0) return batch;

    Places wanted;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if ((looks[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) {
            wanted.push_back(batch[i]);
        } else {
            batch[i]->failure = std::make_exception_ptr(Unavailable{"the client had gone before its batch began"});
        }
    }
    return wanted;
}

std::vector<const Parameters*> parameters_of(const Places& batch) {
    std::vector<const Parameters*> parameters;
    parameters.reserve(batch.size());
    for (const Place* place : batch) parameters.push_back(&place->member.parameters);
    return parameters;
}

}  // namespace

/// A request in execute() has one of batches_in_flight turns, or waits in `waiting_`. Who has a turn leads: it takes
/// others out of `waiting_`, and in the end passes its turn on. While somebody waits, a turn is free only where each of
/// them touches what is under way. What the members of a turn touch is in `touched_` for as long as that lasts.
class Combiner::Queue {
public:
    Queue(Pool& pool, const Statement& statement, CombinerOptions options)
        : pool_{pool},
          statement_{statement},
          options_{checked(options)},
          parameter_count_{parameter_count(statement)} {}

    Rows execute(const Member& member, Budget budget);
    CombinerCounts counts() const;

private:
    void check(const Member& member) const;
    void enter(Place& self);
    void wait(Place& self, Clock::time_point begin, Deadline latest);
    bool give_up(Place& self);
    void lead(Place& self, Deadline latest);
    /// Whether half a batch is there. It does not wait for more while the database has nothing to do.
    [[nodiscard]] bool are_enough() const {
        const std::lock_guard lock{mutex_};
        return is_half_a_batch();
    }
    void keep_interval(Deadline latest);
    void gather(Places& batch);
    void run(Lease& lease, const Places& batch);
    void hand_out(const Rows& rows, const Places& batch);
    void note(std::size_t CombinerCounts::*counter, std::size_t number) {
        const std::lock_guard lock{mutex_};
        counts_.*counter += number;
    }

    /// A round trip of its own, where nothing is combined: it is counted as a batch of one.
    class Alone {
    public:
        explicit Alone(Queue& queue) : queue_{queue} {
            const std::lock_guard lock{queue_.mutex_};
            ++queue_.counts_.batches;
            ++queue_.counts_.members;
            ++queue_.counts_.in_flight;
        }
        ~Alone() {
            const std::lock_guard lock{queue_.mutex_};
            --queue_.counts_.in_flight;
        }
        Alone(const Alone&) = delete;
        Alone& operator=(const Alone&) = delete;

    private:
        Queue& queue_;
    };

    // These want the lock to be held.
    Places pass_turns_on();
    [[nodiscard]] bool is_half_a_batch() const {
        return waiting_.size() + 1 >= (options_.batch_size + 1) / 2 || waiting_weight_ >= options_.batch_weight / 2;
    }
    void add(Place& place) {
        waiting_.push_back(&place);
        waiting_weight_ += place.member.weight;
    }
    std::list<Place*>::iterator take_out(std::list<Place*>::iterator place) {
        waiting_weight_ -= (*place)->member.weight;
        return waiting_.erase(place);
    }
    [[nodiscard]] bool fits(const Place& place, const Place& leader) const {
        return !place.alone && !leader.alone && place.member.group == leader.member.group;
    }
    void touch(const Place& place) { touched_.insert(place.member.touches.begin(), place.member.touches.end()); }
    void let_go(const Place& place) {
        for (const std::string& name : place.member.touches) touched_.erase(name);
    }

    Pool& pool_;
    const Statement statement_;
    const CombinerOptions options_;
    const std::size_t parameter_count_;

    mutable std::mutex mutex_;
    std::list<Place*> waiting_;  ///< The first one came first.
    std::size_t waiting_weight_ = 0;
    Clock::time_point next_begin_;  ///< Of a batch, as batch_interval wants it.
    Names touched_;
    CombinerCounts counts_;
};

Rows Combiner::Queue::execute(const Member& member, Budget budget) {
    check(member);
    if (!options_.combine) {
        Place self{member, budget, true};
        Lease lease = pool_.acquire(budget, statement_);
        const Alone counted{*this};
        run(lease, {&self});
        if (self.failure) std::rethrow_exception(self.failure);
        return *std::move(self.rows);
    }
    for (const bool alone : {false, true}) {
        Place self{member, budget, alone};
        const Clock::time_point begin = Clock::now();
        const Deadline latest = std::min(budget.deadline, begin + options_.wait_timeout);
        enter(self);
        wait(self, begin, latest);
        if (self.leads) lead(self, latest);
        if (self.failure) std::rethrow_exception(self.failure);
        if (self.rows) return *std::move(self.rows);
        note(&CombinerCounts::repeated, 1);
    }
    throw std::logic_error{"a batch of one was refused, and nobody said why"};
}

void Combiner::Queue::check(const Member& member) const {
    if (member.parameters.size() != parameter_count_) {
        throw std::invalid_argument{std::string{statement_.name} + " has " + std::to_string(parameter_count_) +
                                    " parameters, not " + std::to_string(member.parameters.size())};
    }
    require_no_nul(statement_, member.parameters);  // The whole batch would be refused.
}

void Combiner::Queue::enter(Place& self) {
    Places leaders;
    {
        const std::lock_guard lock{mutex_};
        if (waiting_.size() >= options_.waiters) {
            ++counts_.turned_away_crowded;
            throw PoolExhausted{std::string{statement_.name} + ": too many requests wait for a batch already"};
        }
        add(self);
        leaders = pass_turns_on();
    }
    wake(leaders);
}

/// Returns when the place leads, or has what it came for.
void Combiner::Queue::wait(Place& self, Clock::time_point begin, Deadline latest) {
    if (!park_in_queue(self.ready, latest, [&] { return give_up(self); })) {
        throw PoolExhausted{std::string{statement_.name} + ": no batch began in time"};
    }
    if (self.budget.spent == nullptr) return;
    const Clock::time_point end = Clock::now();
    const Clock::time_point taken = self.leads ? end : self.taken;
    self.budget.spent->waiting_for_connection += taken - begin;
    self.budget.spent->in_database += end - taken;
}

/// False where it waits no more.
bool Combiner::Queue::give_up(Place& self) {
    Places leaders;
    {
        const std::lock_guard lock{mutex_};
        const auto place = std::find(waiting_.begin(), waiting_.end(), &self);
        if (place == waiting_.end()) return false;
        take_out(place);
        ++counts_.turned_away_late;
        leaders = pass_turns_on();  // To one that touches the same.
    }
    wake(leaders);
    return true;
}

void Combiner::Queue::lead(Place& self, Deadline latest) {
    Places batch{&self};
    try {
        if (!are_enough()) let_others_go_first();
        if (options_.batch_interval.count() > 0) keep_interval(latest);
        Lease lease = pool_.acquire({latest, self.budget.spent}, statement_);  // Meanwhile others may come.
        gather(batch);
        run(lease, batch);
    } catch (...) {
        for (Place* place : batch) place->failure = std::current_exception();
    }
    Places leaders;
    {
        const std::lock_guard lock{mutex_};
        for (const Place* place : batch) let_go(*place);
        --counts_.in_flight;
        leaders = pass_turns_on();
    }
    wake(leaders);  // First: the next batch is on its way while those of this one write their answers.
    batch.erase(batch.begin());
    wake(batch);
}

/// So that others may join, where the batch before began a moment ago.
void Combiner::Queue::keep_interval(Deadline latest) {
    const Clock::time_point now = Clock::now();
    Clock::time_point begin = now;
    {
        const std::lock_guard lock{mutex_};
        if (!is_half_a_batch()) begin = std::max(now, next_begin_);
        begin = std::min(begin, latest);
        next_begin_ = begin + options_.batch_interval;
    }
    if (begin == now) return;
    const Blocked blocked;
    std::this_thread::sleep_until(begin);
}

/// Adds to the leader whoever may share its batch.
void Combiner::Queue::gather(Places& batch) {
    batch.reserve(options_.batch_size);
    const Place& leader = *batch.front();
    const Clock::time_point now = Clock::now();
    std::size_t weight = leader.member.weight;
    const std::lock_guard lock{mutex_};
    Order order{touched_};
    for (auto next = waiting_.begin(); next != waiting_.end() && batch.size() < options_.batch_size;) {
        Place& place = **next;
        const bool joins = fits(place, leader) && order.may_go(place) && place.member.weight <= options_.batch_weight &&
                           weight <= options_.batch_weight - place.member.weight;
        if (!joins) {
            order.pass_over(place);
            ++next;
            continue;
        }
        weight += place.member.weight;
        place.taken = now;
        touch(place);
        batch.push_back(&place);
        next = take_out(next);
    }
    ++counts_.batches;
    counts_.members += batch.size();
}

void Combiner::Queue::run(Lease& lease, const Places& batch) {
    const Places wanted = still_wanted(batch);
    note(&CombinerCounts::abandoned, batch.size() - wanted.size());
    if (wanted.empty()) return;

    const Place& last = **std::max_element(wanted.begin(), wanted.end(), [](const Place* one, const Place* other) {
        return one->budget.deadline < other->budget.deadline;
    });
    try {
        hand_out(lease.execute(statement_, to_arrays(parameters_of(wanted)),
                               {last.budget.deadline, batch.front()->budget.spent}),
                 wanted);
    } catch (const InDoubt& doubt) {
        for (Place* place : wanted) place->failure = std::make_exception_ptr(InDoubt{doubt.what()});
    } catch (const SqlError&) {  // Nothing of it has happened. Of several, each executes it again, alone.
        if (wanted.size() == 1) wanted.front()->failure = std::current_exception();
    }
}

void Combiner::Queue::hand_out(const Rows& rows, const Places& batch) {
    std::vector<Share> shares = to_shares(rows, parameters_of(batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (shares[i].misdirected == 0) {
            batch[i]->rows = std::move(shares[i].rows);
            continue;
        }
        note(&CombinerCounts::misdirected, shares[i].misdirected);
        batch[i]->failure =
            std::make_exception_ptr(std::logic_error{std::string{statement_.name} + ": a row was somebody else's"});
    }
}

/// Those that got one; they are to be woken without the lock, which is the first thing that they ask for.
Places Combiner::Queue::pass_turns_on() {
    Places leaders;
    Order order{touched_};
    for (auto next = waiting_.begin(); next != waiting_.end() && counts_.in_flight < options_.batches_in_flight;) {
        Place& place = **next;
        if (!order.may_go(place)) {
            order.pass_over(place);
            ++next;
            continue;
        }
        touch(place);
        ++counts_.in_flight;
        next = take_out(next);
        place.leads = true;
        leaders.push_back(&place);
    }
    return leaders;
}

CombinerCounts Combiner::Queue::counts() const {
    const std::lock_guard lock{mutex_};
    CombinerCounts counts = counts_;
    counts.waiting = waiting_.size();
    return counts;
}

// ---- What callers see.
Combiner::Combiner(Pool& pool, const Statement& statement, CombinerOptions options)
    : queue_{std::make_unique<Queue>(pool, statement, options)} {}

Combiner::~Combiner() = default;

Rows Combiner::execute(const Member& member, Budget budget) { return queue_->execute(member, budget); }

CombinerCounts Combiner::counts() const { return queue_->counts(); }

}  // namespace fcgi_worker::pq
