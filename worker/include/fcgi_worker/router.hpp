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
/// Threads: add() all routes first; then handle() may be called from any thread.
/// Errors:  add() throws std::invalid_argument for a pattern that is malformed or taken, and for a handler that is
///          empty or takes another number of arguments than the pattern has names. handle() never throws.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/endpoint.hpp>
#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/path_parameter.hpp>

namespace fcgi_worker {

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

    [[nodiscard]] Response handle(const Request& request) const;

private:
    struct Segment {
        std::string text;
        bool is_name = false;
    };
    struct Route {
        std::vector<Segment> segments;
        std::vector<std::pair<std::string, detail::Endpoint>> methods;
        [[nodiscard]] std::string allow() const;
    };

    void add_endpoint(std::string_view method, std::string_view pattern, detail::Endpoint endpoint);
    [[nodiscard]] Response dispatch(const Request& request) const;

    Log log_;
    std::vector<Route> routes_;
};

}  // namespace fcgi_worker
