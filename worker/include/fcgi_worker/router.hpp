/// Finds the handler for a request, and answers for those that have none.
///
///     Router router;
///     router.add("GET", "/links", [&](const Request& request) { return list(store, request.query); });
///     router.add("GET", "/links/{code}", [&](const Request&, std::string_view code) { return read(store, code); });
///     router.add("DELETE", "/users/{user}/links/{number}", remove_link);  // Response(const Request&, UserId, int)
///     Response response = router.handle(request);
///
/// HEAD is served by GET's handler, its body dropped. OPTIONS is answered 204 with Allow. A path that
/// is known with another method is 405 with Allow, an unknown path 404. What a handler throws becomes
/// an answer here and nowhere else: see problem.hpp.
///
/// Middleware stands around all of that: for what each answer or each request needs, whichever route it takes.
///
///     router.use([&](const Request& request, const Handler& next) {
///         Response response = next(request);
///         count(response.status);
///         return response;
///     });
///     router.use([&](const Request& request, const Handler& next) {
///         Request known = request;
///         known.attributes.set("user", require_user(request));  // throws Problem{401, ...}, which is counted too
///         return next(known);
///     });
///
/// Threads: add() all routes and use() all middleware first; then handle() may be called from any thread.
/// Errors:  add() throws std::invalid_argument for a pattern that is malformed or taken, and for a handler that is
///          empty or takes another number of arguments than the pattern has names; use() for middleware that is
///          empty. handle() never throws.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/endpoint.hpp>
#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/path_parameter.hpp>

namespace fcgi_worker {

/// Answers a request itself, or calls `next` and returns what that answered, changed or not.
///
/// `next` takes the request, or a changed copy of it, to the middleware further inside and at last to the handler. It
/// never throws: what was thrown further inside is an answer already. It is good until the middleware returns, and may
/// be called any number of times.
using Middleware = std::function<Response(const Request&, const Handler& next)>;

/// Routes, and what stands around them.
class Router {
public:
    /// `log` hears of each exception that is not the client's fault.
    explicit Router(Log log = log_nothing);

    /// `pattern` is a path whose segments are text or `{name}`, which matches one segment that is not empty.
    /// A path with text in a place wins over one with a name there.
    ///
    /// This handler finds what the names stand for in request.path_parameters. Where there are any, its request is
    /// a copy that has them.
    void add(std::string_view method, std::string_view pattern, Handler handler);

    /// This one takes them as arguments behind the request, in the order of the pattern, each of a type that
    /// PathParameter knows; its request is as it came, and not a copy. A path whose text is no value of such a type
    /// is 404, like one that is unknown. It is a lambda, a function or a std::function: one whose arguments are
    /// plain to see.
    template <detail::IsTypedHandler TypedHandler>
    void add(std::string_view method, std::string_view pattern, TypedHandler handler) {
        add_endpoint(method, pattern, detail::typed_endpoint(std::function{std::move(handler)}));
    }

    /// The first one is the outermost. Each is called for each request, also for those that end as 404 or 405, and
    /// for OPTIONS. To HEAD it sees the answer that GET has, body and all: that is dropped outside of all middleware,
    /// so that the length is right whatever they make of it. What middleware throws becomes an answer like what a
    /// handler throws, seen by those outside of it.
    void use(Middleware middleware);

    /// The answer, whatever happens on the way to it.
    [[nodiscard]] Response handle(const Request& request) const;

    /// Method and pattern of each handler, in the order in which they were added, those of one pattern together: for
    /// lists of them, and for tests that must not forget one.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> routes() const;

private:
    struct Segment {
        std::string text;
        bool is_name = false;
    };
    struct Route {
        std::vector<Segment> segments;
        std::vector<std::pair<std::string, detail::Endpoint>> methods;
        std::string pattern;
        [[nodiscard]] std::string allow() const;
    };

    void add_endpoint(std::string_view method, std::string_view pattern, detail::Endpoint endpoint);
    [[nodiscard]] Response answer(std::size_t depth, const Request& request) const;
    [[nodiscard]] Response pass(std::size_t depth, const Request& request, std::string_view& route) const;
    [[nodiscard]] Response dispatch(const Request& request, std::string_view& route) const;

    Log log_;
    std::vector<Middleware> middleware_;
    std::list<Route> routes_;  ///< Answers point to their patterns.
};

}  // namespace fcgi_worker
