#include "metrics.hpp"

#include <prometheus/text_serializer.h>

#include <chrono>
#include <sstream>
#include <utility>
#include <vector>

namespace todo {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// One value of a metric, told from its others by labels where there are any.
struct Sample {
    double value;
    std::vector<ClientMetric::Label> labels = {};
};

/// Collects the metrics of one scrape.
class Scrape {
public:
    void gauge(const char* name, const char* help, std::vector<Sample> samples) {
        add(MetricType::Gauge, name, help, std::move(samples));
    }
    void counter(const char* name, const char* help, std::vector<Sample> samples) {
        add(MetricType::Counter, name, help, std::move(samples));
    }

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return out.str();
    }

private:
    void add(MetricType type, const char* name, const char* help, std::vector<Sample> samples) {
        MetricFamily family{.name = std::string("todo_worker_") + name, .help = help, .type = type, .metric = {}};
        for (Sample& sample : samples) {
            ClientMetric metric;
            metric.label = std::move(sample.labels);
            (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = sample.value;
            family.metric.push_back(std::move(metric));
        }
        families_.push_back(std::move(family));
    }

    std::vector<MetricFamily> families_;
};

Sample sample(std::size_t value, std::vector<ClientMetric::Label> labels = {}) {
    return {static_cast<double>(value), std::move(labels)};
}
Sample because(const char* reason, std::size_t value) { return sample(value, {{"reason", reason}}); }

void add_server(Scrape& scrape, const StatusSources& sources) {
    const auto server = sources.server();
    scrape.gauge("threads", "Threads that serve requests.", {sample(sources.threads)});
    scrape.gauge("threads_busy", "Threads that are in a request now.", {sample(server.busy_threads)});
    scrape.gauge("requests_limit", "Requests that may be at work at once.", {sample(sources.requests_limit)});
    scrape.gauge("requests_at_work", "Requests that are begun and not yet answered, also those that wait.",
                 {sample(server.at_work)});
    scrape.counter("requests_total", "Requests that were answered.", {sample(server.requests)});
    scrape.counter("requests_shed_total",
                   "Requests answered 503 before any work: older than the request budget, or behind too many others.",
                   {because("late", server.shed_late), because("queued", server.shed_queued)});
    scrape.counter("request_starts_skewed_total",
                   "Requests whose time of arrival was taken as now because clocks differ.",
                   {sample(server.skewed_starts)});
    scrape.counter("requests_abandoned_total",
                   "Requests that were not read: the web server had closed the connection, for its client had gone.",
                   {sample(server.abandoned_requests)});
    scrape.gauge("connections", "Connections of the web server that are open, idle ones as well.",
                 {sample(server.connections)});
    scrape.counter("connections_accepted_total", "Connections of the web server that were accepted.",
                   {sample(server.accepted_connections)});
    scrape.counter("connections_broken_total",
                   "Connections of the web server that ended before a request or its answer was complete.",
                   {sample(server.broken_connections)});
    scrape.counter("accept_errors_total", "Connections not accepted for want of descriptors or memory.",
                   {sample(server.accept_errors)});
}

/// Left out where the kernel does not say.
void add_queue(Scrape& scrape, const StatusSources& sources) {
    const auto queue = sources.queue();
    if (!queue) return;
    scrape.gauge("listen_queue", "Connections that no process has accepted yet, of all that share the socket.",
                 {sample(queue->waiting)});
    scrape.gauge("listen_queue_limit", "Connections that may wait so; one more is refused.", {sample(queue->limit)});
}

void add_pool(Scrape& scrape, const StatusSources& sources) {
    const auto pool = sources.pool();
    scrape.gauge("database_connections_limit", "Connections that the pool may open.", {sample(sources.connections)});
    scrape.gauge("database_connections", "Open connections to PostgreSQL.",
                 {sample(pool.busy, {{"state", "busy"}}), sample(pool.idle, {{"state", "idle"}})});
    scrape.gauge("database_waiting", "Requests that wait for a connection now.", {sample(pool.waiting)});
    scrape.counter("database_waits_total", "Requests that had to wait for a connection.", {sample(pool.waits)});
    scrape.counter("database_wait_seconds_total", "Time that they waited, all together.",
                   {{std::chrono::duration<double>{pool.waited}.count()}});
    scrape.counter("database_turned_away_total",
                   "Requests that got no connection: none came free in time, too many waited, the database was away.",
                   {because("late", pool.turned_away_late), because("crowded", pool.turned_away_crowded),
                    because("away", pool.turned_away_offline)});
    scrape.counter("database_opened_total", "Connections that were opened.", {sample(pool.opened)});
    scrape.counter("database_closed_total", "Connections that were closed, and why.",
                   {because("broken", pool.closed_broken), because("suspect", pool.closed_suspect),
                    because("expired", pool.closed_expired), because("late", pool.closed_late)});
    scrape.counter("database_failed_attempts_total", "Attempts to connect that failed.",
                   {sample(pool.failed_attempts)});
}

void add_combiners(Scrape& scrape, const StatusSources& sources) {
    const auto combiners = sources.combiners();
    /// One of the counts, for each statement.
    const auto each = [&](std::size_t fcgi_worker::pq::CombinerCounts::*count) {
        std::vector<Sample> samples;
        samples.reserve(combiners.size());
        for (const auto& [statement, counts] : combiners)
            samples.push_back(sample(counts.*count, {{"statement", statement}}));
        return samples;
    };
    using Counts = fcgi_worker::pq::CombinerCounts;
    scrape.gauge("batches_in_flight", "Batches that are on their way to PostgreSQL and back.",
                 each(&Counts::in_flight));
    scrape.gauge("batch_waiting", "Requests that wait for their batch to begin.", each(&Counts::waiting));
    scrape.counter("batches_total", "Round trips that requests shared, or had alone.", each(&Counts::batches));
    scrape.counter("batch_members_total", "Requests in these batches, all together.", each(&Counts::members));
    scrape.counter("batch_members_repeated_total", "Requests executed again, alone, as their batch was refused.",
                   each(&Counts::repeated));
    scrape.counter("batch_members_abandoned_total", "Requests whose client had gone when their batch began.",
                   each(&Counts::abandoned));
    scrape.counter("batch_rows_misdirected_total", "Rows that were not their request's: a mistake in the statement.",
                   each(&Counts::misdirected));
    std::vector<Sample> turned_away;
    turned_away.reserve(2 * combiners.size());
    for (const auto& [statement, counts] : combiners) {
        turned_away.push_back(sample(counts.turned_away_late, {{"statement", statement}, {"reason", "late"}}));
        turned_away.push_back(sample(counts.turned_away_crowded, {{"statement", statement}, {"reason", "crowded"}}));
    }
    scrape.counter("batch_turned_away_total", "Requests whose batch did not begin in time, or too many waited.",
                   std::move(turned_away));
}

void add_accounts(Scrape& scrape, const StatusSources& sources) {
    if (!sources.accounts) return;
    const auto accounts = sources.accounts();
    const auto& passwords = accounts.passwords;
    scrape.gauge("passwords_waiting", "Passwords that wait to be hashed.", {sample(passwords.waiting)});
    scrape.counter("passwords_hashed_total", "Passwords that were hashed, to be kept or to be compared.",
                   {sample(passwords.done)});
    scrape.counter("passwords_turned_away_total", "Passwords that were not hashed: too late, or too many waited.",
                   {sample(passwords.turned_away_late, {{"reason", "late"}}),
                    sample(passwords.turned_away_crowded, {{"reason", "crowded"}})});
    if (const auto& mails = accounts.mails) {
        scrape.gauge("mails_waiting", "Mails that wait for the mail program.", {sample(mails->waiting)});
        scrape.counter(
            "mails_total", "Requests for a mail that were worked on, also those that needed none.",
            {sample(mails->done - mails->failed, {{"result", "done"}}), sample(mails->failed, {{"result", "failed"}}),
             sample(mails->turned_away_crowded, {{"result", "crowded"}})});
    }
    scrape.gauge("revoked_owners", "Owners whose access tokens are refused.", {sample(accounts.revoked_owners)});
    scrape.gauge("revocations_age_seconds", "Since the list of revoked owners was last read.",
                 {Sample{std::chrono::duration<double>(accounts.revocations_age).count()}});
}

}  // namespace

std::string metrics_text(const StatusSources& sources) {
    Scrape scrape;
    scrape.gauge("build_info", "Always 1; the labels say what runs.",
                 {sample(1, {{"version", sources.version}, {"compiler", __VERSION__}})});
    add_server(scrape, sources);
    add_queue(scrape, sources);
    add_pool(scrape, sources);
    add_combiners(scrape, sources);
    add_accounts(scrape, sources);
    scrape.counter("log_lines_lost_total", "Lines of the log that were lost: not read in time, or not written.",
                   {sample(sources.log_lines_lost())});
    return scrape.text() + sources.requests();
}

}  // namespace todo
