#include "pq/connection.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>
#include <pqxx/pqxx>

#include "pq/no_nul.hpp"

namespace fcgi_worker::pq {

// ---- The bridge: where libpqxx 6.4 and 7.x differ.
namespace {

#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // inhibit_reactivation, which has no successor in 6.x.
/// 6.x would reconnect by itself, even in the middle of a transaction whose first half is then lost.
void never_reconnect(pqxx::connection& connection) { connection.inhibit_reactivation(true); }
#pragma GCC diagnostic pop

/// prepare() alone waits for the first use, and would make that one two round trips.
void prepare_now(pqxx::connection& connection, const Statement& statement) {
    connection.prepare(statement.name, statement.sql);
    connection.prepare_now(statement.name);
}

pqxx::result run(pqxx::nontransaction& transaction, const Statement& statement, const Parameters& parameters) {
    std::vector<const char*> values;  // A null pointer is NULL.
    values.reserve(parameters.size());
    for (const Parameter& parameter : parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    return transaction.exec_prepared(statement.name, pqxx::prepare::make_dynamic_params(values));
}
#else
void never_reconnect(pqxx::connection& /*connection*/) {}

void prepare_now(pqxx::connection& connection, const Statement& statement) {
    connection.prepare(statement.name, statement.sql);
}

pqxx::result run(pqxx::nontransaction& transaction, const Statement& statement, const Parameters& parameters) {
    pqxx::params values;
    values.reserve(parameters.size());
    for (const Parameter& parameter : parameters) {
        if (parameter) {
            values.append(pqxx::zview{*parameter});  // Not copied.
        } else {
            values.append();
        }
    }
#if PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 10
    return transaction.exec_prepared(statement.name, values);
#else
    return transaction.exec(pqxx::prepped{statement.name}, values);
#endif
}
#endif

/// libpq ends its messages with a line break; libpqxx 7 puts "Failure during 'NAME': " before some.
std::string message_of(const std::exception& error) {
    std::string text{error.what()};
    const std::size_t name_end = text.starts_with("Failure during '") ? text.find("': ") : std::string::npos;
    if (name_end != std::string::npos) text.erase(0, name_end + 3);
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [text](std::string_view beginning) { return text.substr(0, beginning.size()) == beginning; });
}

}  // namespace

// ---- The connection string.
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

/// What the dsn itself says, without what libpq takes from the environment or its defaults.
std::map<std::string, std::string> parse_dsn(const std::string& dsn) {
    char* reason = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options{PQconninfoParse(dsn.c_str(), &reason)};
    const std::unique_ptr<char, decltype(&PQfreemem)> free_reason{reason, &PQfreemem};
    if (!options) {
        throw std::invalid_argument{std::string{"the connection string (dsn) cannot be read: "} +
                                    (reason != nullptr ? reason : "out of memory")};
    }
    std::map<std::string, std::string> settings;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            settings.emplace(option->keyword, option->val);
        }
    }
    return settings;
}

std::string in_milliseconds(const char* name, std::chrono::milliseconds value) {
    return std::string{" -c "} + name + "=" + std::to_string(value.count());
}

}  // namespace

Servers servers_of(const PoolOptions& options) {
    std::map<std::string, std::string> settings = parse_dsn(options.dsn);

    // The server reads `options` from left to right, so ours hold. The last one is for what ought not to be:
    // a statement that opens a transaction and leaves its locks behind.
    settings["options"] += in_milliseconds("statement_timeout", options.statement_timeout) +
                           in_milliseconds("lock_timeout", options.lock_timeout) +
                           in_milliseconds("idle_in_transaction_session_timeout", options.statement_timeout);
    settings["connect_timeout"] =
        std::to_string(std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count());
    settings["client_encoding"] = "UTF8";

    // A machine that vanished without a word is noticed within 10 s, idle or in the middle of a statement;
    // TCP's own patience is 2 hours and 15 minutes. The dsn may know better. Unix sockets ignore these.
    settings.emplace("keepalives_idle", "5");
    settings.emplace("keepalives_interval", "2");
    settings.emplace("keepalives_count", "3");
    settings.emplace("tcp_user_timeout", "10000");

    return Servers{std::move(settings)};
}

// ---- Rows.
/// Each field is looked up once, going on from the one before it: libpqxx copies its result, with two counters, for
/// each row and for each field that is asked for by its number.
class Rows::Result {
public:
    using Field = std::optional<std::string_view>;

    explicit Result(const pqxx::result& result)
        : result_{result}, columns_{static_cast<std::size_t>(result_.columns())} {
        fields_.reserve(size() * columns_);
        const auto last_row = result_.end();
        for (auto row = result_.begin(); row != last_row; ++row) {
            const auto last = row->end();
            for (auto field = row->begin(); field != last; ++field) {
                const std::size_t size = field->size();  // of NULL: 0
                fields_.push_back(size == 0 && field->is_null() ? Field{} : std::string_view{field->c_str(), size});
            }
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(result_.size()); }
    [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] const Field& at(std::size_t row, std::size_t column) const {
        return fields_[row * columns_ + column];
    }

private:
    const pqxx::result result_;  ///< What the fields point to.
    const std::size_t columns_;
    std::vector<Field> fields_;
};

Rows::Rows(std::shared_ptr<const Result> result) : result_{std::move(result)} {}

std::size_t Rows::size() const noexcept { return chosen_ ? chosen_->size() : result_->size(); }

std::optional<std::string_view> Rows::at(std::size_t row, std::size_t column) const {
    if (row >= size() || column + first_column_ >= result_->columns()) {
        throw std::out_of_range{"there is no row " + std::to_string(row) + " with a column " + std::to_string(column)};
    }
    return result_->at(chosen_ ? (*chosen_)[row] : row, column + first_column_);
}

Rows Rows::part(std::vector<std::size_t> rows, std::size_t first_column) const {
    Rows some{result_};
    if (chosen_) {
        for (std::size_t& row : rows) row = chosen_->at(row);
    }
    some.chosen_ = std::move(rows);
    some.first_column_ = first_column_ + first_column;
    return some;
}

// ---- The connection.
SqlError::SqlError(std::string sqlstate, const std::string& message)
    : std::runtime_error{message}, sqlstate_{std::move(sqlstate)} {}

namespace {
/// For all statements together; it takes milliseconds, of a server that does not stand still.
constexpr std::chrono::seconds kLongestPreparation{5};
}  // namespace

struct Connection::Session {
    explicit Session(const Servers& servers)
        : connection{servers.connection_string()},
          has_alternatives{servers.are_several()},
          is_standby{servers.are_standbys()} {}

    [[noreturn]] void refused(const std::string& state, const std::string& message);

    pqxx::connection connection;
    const bool has_alternatives;  ///< Another server may take what this one does not.
    const bool is_standby;
    const std::vector<Statement>* statements = nullptr;
    bool broken = false;
    bool late = false;
};

Connection::Connection(const Servers& servers, const std::vector<Statement>& statements, Deadline expires,
                       LateStatements& late_statements) try
    : session_{std::make_unique<Session>(servers)}, expires_{expires}, running_{late_statements} {
    never_reconnect(session_->connection);
    session_->statements = &statements;
    running_.begin(session_->connection.sock(), deadline_after(kLongestPreparation));
    for (const Statement& statement : statements) {
        prepare_now(session_->connection, statement);
    }
    running_.end();
} catch (const std::exception& error) {
    throw std::runtime_error{message_of(error)};
}

Connection::~Connection() = default;

std::string Connection::host() const {
    const char* host = session_->connection.hostname();
    return host != nullptr ? host : "";
}

std::string Connection::port() const {
    const char* port = session_->connection.port();
    return port != nullptr ? port : "";
}

bool Connection::broken() const noexcept { return session_->broken; }

bool Connection::late() const noexcept { return session_->late; }

bool Connection::suspect() const noexcept {
    pollfd socket{session_->connection.sock(), POLLIN, 0};
    return socket.fd < 0 || ::poll(&socket, 1, 0) != 0;
}

Rows Connection::execute(const Statement& statement, const Parameters& parameters, Deadline deadline) {
    if (session_->broken) {
        throw Unavailable{"the connection broke with an earlier statement of this lease"};
    }
    if (Clock::now() >= deadline) {
        throw Unavailable{std::string{statement.name} + ": its time was over before it was sent"};
    }
    const auto same = [&](const Statement& known) {
        return std::strcmp(known.name, statement.name) == 0 && std::strcmp(known.sql, statement.sql) == 0;
    };
    if (std::none_of(session_->statements->begin(), session_->statements->end(), same)) {
        throw std::invalid_argument{std::string{"the pool was not given the statement "} + statement.name};
    }
    require_no_nul(statement, parameters);

    const auto said = [&](const std::exception& error) {
        return std::string{statement.name} + ": " +
               (session_->late ? "the server did not answer in time" : message_of(error));
    };
    /// Ends with the statement: before the connection may be closed, and before what went wrong is told.
    struct Watched {
        Watched(Connection& watched, Deadline latest) : connection{watched} {
            connection.running_.begin(connection.session_->connection.sock(), latest);
        }
        ~Watched() { connection.session_->late = connection.running_.end(); }
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;
        Connection& connection;
    };
    try {
        const Watched watched{*this, deadline};
        // In autocommit: a pqxx::work would send BEGIN and COMMIT, two more round trips.
        pqxx::nontransaction transaction{session_->connection};
        return Rows{std::make_shared<const Rows::Result>(run(transaction, statement, parameters))};
    } catch (const pqxx::too_many_connections& error) {  // 53300, a broken_connection to libpqxx.
        throw Unavailable{said(error)};
    } catch (const pqxx::statement_completion_unknown& error) {  // 40003, a transaction_rollback to libpqxx.
        throw InDoubt{said(error)};
    } catch (const pqxx::transaction_rollback& error) {  // 40001 and 40P01, in 6.x with no SQLSTATE.
        throw Unavailable{said(error)};
    } catch (const pqxx::insufficient_privilege& error) {  // 42501, in 6.x with no SQLSTATE.
        session_->refused("42501", said(error));
    } catch (const pqxx::sql_error& error) {
        session_->refused(error.sqlstate(), said(error));
    } catch (const pqxx::failure& error) {  // broken_connection, in_doubt_error, and libpq's own troubles.
        session_->broken = true;
        throw InDoubt{said(error)};
    }
}

/// The classes of PostgreSQL's manual, appendix A.
void Connection::Session::refused(const std::string& state, const std::string& message) {
    // No state: libpq gave up on its own. 08 connection; 57P the server, or this process of it, goes away.
    if (state.empty() || starts_with_any(state, {"08", "57P"})) {
        broken = true;
        throw InDoubt{message};
    }
    // 25006: it takes no writes, as a standby does.
    if (state == "25006") {
        if (is_standby) throw SqlError{state, message + "; what writes must not be may_be_stale"};
        broken = has_alternatives;
        throw Unavailable{message};
    }
    if (state == "57014") throw TooSlow{message};
    // 40 rollback; 53 lack of resources; 55P03 lock_timeout.
    if (starts_with_any(state, {"40", "53", "55P03"})) {
        throw Unavailable{message};
    }
    // 0A000 a migration changed the type of a column under a prepared plan; 26000 a prepared statement is
    // gone. Only a new connection ends either.
    broken = starts_with_any(state, {"0A000", "26000"});
    throw SqlError{state, message};
}

}  // namespace fcgi_worker::pq
