#include "janitor.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <utility>

#include "pg_text.hpp"
#include "spread_statements.hpp"

namespace todo {

using fcgi_worker::LogLevel;
using std::chrono::milliseconds;

namespace {

/// Longer than any statement may run: the pool's own time-outs count.
constexpr std::chrono::minutes kLongestStep{1};

}  // namespace

/// What the thread does until it is told to stop.
class Janitor::Rounds {
public:
    Rounds(fcgi_worker::pq::Pool& pool, const JanitorOptions& options, fcgi_worker::Log log)
        : pool_(pool), options_(options), log_(std::move(log)) {}

    void run(const std::stop_token& stop) {
        while (wait(stop, next_interval())) {
            remove_all(stop, form_of(kPurgeWriteKeys, options_.shards));
            remove_all(stop, form_of(kPurgeTombstones, options_.shards));
        }
    }

private:
    /// False when it is time to stop.
    bool wait(const std::stop_token& stop, milliseconds time) {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, time, [] { return false; });
        return !stop.stop_requested();
    }

    milliseconds next_interval() {
        const auto quarter = options_.interval.count() / 4;
        return options_.interval + milliseconds{std::uniform_int_distribution{-quarter, quarter}(random_)};
    }

    void remove_all(const std::stop_token& stop, const Statement& statement) {
        std::size_t removed = 0;
        try {
            std::size_t step = 0;
            do {
                if (pool_.counts().idle == 0) {
                    skip(statement, "no connection is idle");
                    break;
                }
                step = remove_some(statement);
                removed += step;
            } while (step == options_.step_rows && wait(stop, options_.pause));
        } catch (const fcgi_worker::Unavailable& unavailable) {
            skip(statement, unavailable.what());
        } catch (const std::exception& error) {
            log_({LogLevel::kError,
                  "removing old rows failed",
                  {{"statement", statement.name}, {"cause", error.what()}}});
        }
        if (removed > 0) {
            log_({LogLevel::kInfo, "removed old rows", {{"statement", statement.name}, {"rows", removed}}});
        }
    }

    std::size_t remove_some(const Statement& statement) {
        // An idle connection was seen just now, so this waits for none, unless a client was quicker.
        auto lease = pool_.acquire(fcgi_worker::deadline_after(kLongestStep));
        const auto rows = lease.execute(statement, {std::to_string(options_.step_rows)});
        return static_cast<std::size_t>(read_number(require_text(rows, 0, 0)));
    }

    void skip(const Statement& statement, std::string cause) {
        log_({LogLevel::kDebug,
              "removing old rows is left for the next round",
              {{"statement", statement.name}, {"cause", std::move(cause)}}});
    }

    fcgi_worker::pq::Pool& pool_;
    JanitorOptions options_;
    fcgi_worker::Log log_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::mt19937 random_{std::random_device{}()};
};

Janitor::Janitor(fcgi_worker::pq::Pool& pool, const JanitorOptions& options, fcgi_worker::Log log)
    : thread_([&pool, options, log = std::move(log)](const std::stop_token& stop) {
          Rounds(pool, options, log).run(stop);
      }) {}

}  // namespace todo
