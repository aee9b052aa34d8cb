#include "store.hpp"

namespace peer {
namespace {

constexpr const char* kColumns = R"( id, title, completed, "order", notes, created_at, updated_at, version )";

/// 2026-11-24 01:59:24.9+00 -> 2026-11-24T01:59:24.900Z
std::string moment(const std::string& text) {
    std::string fraction = text.size() > 22 ? text.substr(20, text.size() - 23) : "";
    fraction.resize(3, '0');
    return text.substr(0, 10) + 'T' + text.substr(11, 8) + '.' + fraction + 'Z';
}

Todo todo(const pqxx::row& row) {
    Todo one;
    one.id = row[0].c_str();
    one.title = row[1].c_str();
    one.completed = row[2].as<bool>();
    if (!row[3].is_null()) one.order = row[3].as<std::int64_t>();
    one.notes = row[4].c_str();
    one.created_at = moment(row[5].c_str());
    one.updated_at = moment(row[6].c_str());
    one.version = row[7].as<std::int64_t>();
    return one;
}

std::optional<Todo> first(const pqxx::result& rows) {
    return rows.empty() ? std::nullopt : std::optional{todo(rows[0])};
}

/// libpqxx 7.10 has another name for it, and warns of this one.
template <typename... Parameters>
pqxx::result run(pqxx::work& work, const char* statement, const Parameters&... parameters) {
#if PQXX_VERSION_MAJOR < 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 10)
    return work.exec_prepared(statement, parameters...);
#else
    return work.exec(pqxx::prepped{statement}, pqxx::params{parameters...});
#endif
}

/// libpqxx 6 knows no std::optional: a pointer, which may be null.
template <typename T>
const char* text_of(const std::optional<T>& value, std::string& room) {
    if (!value) return nullptr;
    room = pqxx::to_string(*value);
    return room.c_str();
}

}  // namespace

Store::Store(const std::string& dsn) : connection_(dsn) {
    const std::string columns = kColumns;
    connection_.prepare(
        "list", "SELECT" + columns + "FROM todo WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2");
    connection_.prepare("find",
                        "SELECT" + columns + "FROM todo WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL");
    connection_.prepare("create", R"(
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, now(), now(), 1) RETURNING)" +
                                      columns);
    connection_.prepare("change", R"(
        UPDATE todo SET title = COALESCE($3, title), completed = COALESCE($4, completed),
               "order" = CASE WHEN $5::boolean THEN $6 ELSE "order" END, notes = COALESCE($7, notes), updated_at = now(),
               version = version + 1
         WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING)" +
                                      columns);
    connection_.prepare("delete", R"(
        UPDATE todo SET title = '', notes = '', "order" = NULL, updated_at = now(), version = version + 1, deleted_at = now()
         WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL)");
}

std::vector<Todo> Store::list(const std::string& owner, int limit) {
    pqxx::work work(connection_);
    const pqxx::result rows = run(work, "list", owner, limit);
    work.commit();
    std::vector<Todo> todos;
    todos.reserve(rows.size());
    for (const auto& row : rows) todos.push_back(todo(row));
    return todos;
}

std::optional<Todo> Store::find(const std::string& owner, const std::string& id) {
    pqxx::work work(connection_);
    const pqxx::result rows = run(work, "find", owner, id);
    work.commit();
    return first(rows);
}

Todo Store::create(const std::string& owner, const std::string& id, const Content& content) {
    std::string order;
    pqxx::work work(connection_);
    const pqxx::result rows =
        run(work, "create", owner, id, content.title.value_or(""), content.completed.value_or(false),
            text_of(content.order, order), content.notes.value_or(""));
    work.commit();
    return todo(rows.at(0));
}

std::optional<Todo> Store::change(const std::string& owner, const std::string& id, const Content& content) {
    std::string title, completed, order, notes;
    pqxx::work work(connection_);
    const pqxx::result rows =
        run(work, "change", owner, id, text_of(content.title, title), text_of(content.completed, completed),
            content.sets_order, text_of(content.order, order), text_of(content.notes, notes));
    work.commit();
    return first(rows);
}

bool Store::remove(const std::string& owner, const std::string& id) {
    pqxx::work work(connection_);
    const pqxx::result done = run(work, "delete", owner, id);
    work.commit();
    return done.affected_rows() > 0;
}

}  // namespace peer
