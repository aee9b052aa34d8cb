/// A request and its answer, as plain values: a handler is a function from one to the other.
///
/// Threads: values; share none of them while somebody writes.
/// Errors:  nothing here throws but for want of memory.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker {

/// Names with values, in the order they came. Lookups ignore the case of ASCII letters.
class Fields {
public:
    using Field = std::pair<std::string, std::string>;          ///< Name and value.
    using value_type = Field;                                   ///< As containers call it.
    using const_iterator = std::vector<Field>::const_iterator;  ///< Of one Field after the other.

    Fields() = default;
    /// These, in this order; a name may be there twice.
    Fields(std::initializer_list<Field> fields) : fields_(fields) {}

    /// The first value of that name; a name that is absent has none.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    /// Behind those that are there, also of the same name.
    void add(std::string name, std::string value);
    /// Takes away what had that name, then adds.
    void set(std::string_view name, std::string value);

    /// @{
    /// As containers have it.
    [[nodiscard]] const_iterator begin() const { return fields_.begin(); }
    [[nodiscard]] const_iterator end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] bool empty() const { return fields_.empty(); }
    /// @}

private:
    std::vector<Field> fields_;
};

/// What a client asked for.
struct Request {
    std::string method;      ///< As sent: "GET".
    std::string path;        ///< As sent, percent-encoded, with neither query nor fragment: "/v1/todos".
    std::string query;       ///< As sent, percent-encoded, without the question mark.
    Fields headers;          ///< Names in lower case: "if-match".
    std::string body;        ///< All of it, as sent.
    std::string origin;      ///< Scheme, host and port as the web server checked them: "http://localhost:8080".
    std::string request_id;  ///< The client's X-Request-Id where it is one, else a new one. Never empty in a handler.
    Deadline deadline = Deadline::max();  ///< When nobody waits for the answer any more; the server sets it.
    TimeSpent* spent = nullptr;  ///< Where the time goes that it takes; good until the answer. Null: nobody asks.
    int client = -1;             ///< As Budget::client.

    Fields path_parameters;  ///< Filled by the router, percent-decoded: "id".
    Fields attributes;       ///< What middleware found out, for handlers. Never from the client.

    /// What is handed down to whatever has to be waited for.
    [[nodiscard]] Budget budget() const { return {deadline, spent, client}; }

    /// What stands in the path in the place of that name.
    /// Throws std::logic_error where the route has no such parameter: a mistake in the program.
    [[nodiscard]] std::string_view path_parameter(std::string_view name) const;
};

/// What it gets. Content-Length is added when it is sent.
struct Response {
    int status = 200;  ///< Of HTTP.
    Fields headers;    ///< Sent as they are.
    std::string body;  ///< Sent as it is; not where HTTP has none, as in an answer to HEAD.

    /// The pattern of the route that answered, "/v1/todos/{id}", for logs and metrics: filled by the router, and good
    /// for as long as that is. Empty where there is no such path.
    std::string_view route = {};

    /// For answers written as one expression: `Response{204}.with("ETag", tag)`.
    [[nodiscard]] Response with(std::string name, std::string value) &&;
};

/// Answers a request, on a thread of the server's. What it throws becomes an answer: see problem.hpp.
using Handler = std::function<Response(const Request&)>;

/// Decodes `%20` and the like; none where a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Everything but letters, digits and `-._~` becomes `%20` or the like.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Splits `a=1&b=2` and decodes each side ('+' is a blank). None where the encoding is broken.
[[nodiscard]] std::optional<Fields> parse_query(std::string_view query);

}  // namespace fcgi_worker
