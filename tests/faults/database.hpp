/// The stack's database, as its administrator sees it and harms it.
///
/// Threads: one at a time.
/// Errors:  std::runtime_error where the database does not answer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <fcgi_worker/pq/pool.hpp>

namespace api {

class Database {
public:
    Database();

    /// Whether it does: the one question that does not throw.
    [[nodiscard]] bool answers();

    /// Of all todos of the user, in no order.
    [[nodiscard]] std::vector<std::string> titles();

    /// Statements of the workers that the server has finished since it started.
    [[nodiscard]] long finished_statements();

    /// The server's processes that serve the workers.
    [[nodiscard]] std::vector<int> backends();
    /// Ends those that wait for a "Lock", or for "SyncRep", a standby that is to confirm a commit. Returns how many
    /// have ended.
    int end_waiting_for(const std::string& event);
    /// Tells all of them to end. Returns how many.
    int end_all();

    /// No more sessions fit, but those of the administrator.
    [[nodiscard]] bool is_full();

    /// What sessions they have stay.
    void keep_workers_out();
    void let_workers_in();

    void make_read_only();
    void make_writable();
    /// Each commit waits for a standby that does not exist: it has happened, and nobody is told. Returns once it is so.
    void hold_commits();
    void release_commits();

    /// While it lives, every statement on the table waits.
    class TableLock {
    public:
        explicit TableLock(Database& database);
        TableLock(const TableLock&) = delete;
        TableLock& operator=(const TableLock&) = delete;
        ~TableLock();

    private:
        fcgi_worker::pq::Lease session_;
    };

private:
    fcgi_worker::pq::Rows ask(const fcgi_worker::pq::Statement& statement, const std::string& word = {});

    const std::string owner_;  ///< The user for whom requests act.
    fcgi_worker::pq::Pool sessions_;
};

}  // namespace api
