/// Todos in PostgreSQL: a connection of one thread's.
///
/// Threads: an object belongs to one thread.
/// Errors:  pqxx's own.
#pragma once

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace peer {

struct Todo {
    std::string id, title;
    bool completed = false;
    std::optional<std::int64_t> order;
    std::string notes, created_at, updated_at;
    std::int64_t version = 0;
};

/// What a client sent; what is not there stays as it is.
struct Content {
    std::optional<std::string> title;
    std::optional<bool> completed;
    bool sets_order = false;
    std::optional<std::int64_t> order;
    std::optional<std::string> notes;
};

class Store {
public:
    explicit Store(const std::string& dsn);

    std::vector<Todo> list(const std::string& owner, int limit);
    std::optional<Todo> find(const std::string& owner, const std::string& id);
    Todo create(const std::string& owner, const std::string& id, const Content& content);
    std::optional<Todo> change(const std::string& owner, const std::string& id, const Content& content);
    bool remove(const std::string& owner, const std::string& id);

private:
    pqxx::connection connection_;
};

}  // namespace peer
