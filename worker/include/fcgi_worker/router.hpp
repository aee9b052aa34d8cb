/// Finds the handler for a request, and answers for those that have none.
///
///     Router router;
///     router.add("GET", "/v1/todos/{id}", [&](const Request& request) { return read(request, store); });
///     Response response = router.handle(request);
///
/// HEAD is served by GET's handler, its body dropped. OPTIONS is answered 204 with Allow. A path that
/// is known with another method is 405 with Allow, an unknown path 404. What a handler throws becomes
/// an answer here and nowhere else: see problem.hpp.
///
/// Threads: add() all routes first; then handle() may be called from any thread.
/// Errors:  add() throws std::invalid_argument for a pattern that is malformed or taken. handle() never throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>

namespace fcgi_worker {

class Router {
public:
    /// `log` hears of each exception that is not the client's fault.
    explicit Router(Log log = log_nothing);

    /// `pattern` is a path whose segments are text or `{name}`, which matches one segment that is not empty.
    /// A path with text in a place wins over one with a name there.
    void add(std::string method, std::string_view pattern, Handler handler);

    [[nodiscard]] Response handle(const Request& request) const;

private:
    struct Segment {
        std::string text;
        bool is_name = false;
    };
    struct Route {
        std::vector<Segment> segments;
        std::vector<std::pair<std::string, Handler>> methods;
        [[nodiscard]] std::string allow() const;
    };

    [[nodiscard]] Response dispatch(const Request& request) const;

    Log log_;
    std::vector<Route> routes_;
};

}  // namespace fcgi_worker
