#include <fcgi_worker/router.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fcgi_worker/problem.hpp>

#include "answers.hpp"
#include "call_handler.hpp"
#include "log_safely.hpp"

namespace fcgi_worker {
namespace {

/// "/a/b" -> "a", "b"; "/" -> "". The text behind a last slash counts: "/a/" is another path than "/a".
std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        segments.push_back(path.substr(0, path.find('/')));
        path.remove_prefix(segments.back().size());
    }
    return segments;
}

/// None where the path is no path, or a percent sign in it means nothing.
std::optional<std::vector<std::string>> decoded_segments(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    std::vector<std::string> segments;
    for (const std::string_view segment : split(path)) {
        auto decoded = percent_decode(segment);
        if (!decoded) return std::nullopt;
        segments.push_back(std::move(*decoded));
    }
    return segments;
}

template <typename Segments>
bool matches(const Segments& pattern, const std::vector<std::string>& path) {
    return std::equal(
        pattern.begin(), pattern.end(), path.begin(), path.end(),
        [](const auto& place, const std::string& text) { return place.is_name ? !text.empty() : place.text == text; });
}

/// Whether `left`, which matches the same path, has text in the first place where the two differ in kind.
template <typename Segments>
bool is_more_specific(const Segments& left, const Segments& right) {
    const auto [a, b] = std::mismatch(left.begin(), left.end(), right.begin(),
                                      [](const auto& l, const auto& r) { return l.is_name == r.is_name; });
    return a != left.end() && !a->is_name;
}

/// What is called for that method; nullptr where there is nothing.
template <typename Methods>
const detail::Endpoint* find_method(const Methods& methods, std::string_view method) {
    const auto found = std::find_if(methods.begin(), methods.end(), [&](const auto& m) { return m.first == method; });
    return found == methods.end() ? nullptr : &found->second;
}

/// The answer to HEAD is that to GET, with its length and without its body.
void drop_body(Response& response) {
    try {
        if (!response.headers.find("Content-Length")) {
            response.headers.add("Content-Length", std::to_string(response.body.size()));
        }
        response.body.clear();
    } catch (const std::exception&) {  // no memory
        response = Response{500, {}, {}};
    }
}

}  // namespace

Router::Router(Log log) : log_(or_nothing(std::move(log))) {}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
    detail::Endpoint endpoint;
    if (handler) {
        endpoint.call = [handler = std::move(handler)](const Request& request, const Fields& path_parameters) {
            if (path_parameters.empty()) return handler(request);
            Request with_parameters = request;
            with_parameters.path_parameters = path_parameters;
            return handler(with_parameters);
        };
    }
    add_endpoint(method, pattern, std::move(endpoint));
}

void Router::add_endpoint(std::string_view method, std::string_view pattern, detail::Endpoint endpoint) {
    const std::string shown{pattern};
    if (method.empty() || !endpoint.call) throw std::invalid_argument{shown + ": a route needs a method and a handler"};
    if (!pattern.starts_with('/')) throw std::invalid_argument{"a route begins with a slash, unlike \"" + shown + '"'};

    std::vector<Segment> segments;
    for (std::string_view text : split(pattern)) {
        const bool is_name = text.size() > 2 && text.front() == '{' && text.back() == '}';
        if (is_name) text = text.substr(1, text.size() - 2);
        if (text.find_first_of("{}%?#") != std::string_view::npos) {
            throw std::invalid_argument{shown + ": a segment is either {name} or text without {, }, %, ? and #"};
        }
        const auto has_that_name = [&](const Segment& s) { return s.is_name && s.text == text; };
        if (is_name && std::any_of(segments.begin(), segments.end(), has_that_name)) {
            throw std::invalid_argument{shown + ": a name stands twice"};
        }
        segments.push_back({std::string{text}, is_name});
    }
    const auto names = static_cast<std::size_t>(
        std::count_if(segments.begin(), segments.end(), [](const Segment& s) { return s.is_name; }));
    if (endpoint.arguments != 0 && endpoint.arguments != names) {
        throw std::invalid_argument{shown + " has " + std::to_string(names) + " names, and its handler takes " +
                                    std::to_string(endpoint.arguments)};
    }

    const auto same_shape = [&](const Route& route) {
        return std::equal(route.segments.begin(), route.segments.end(), segments.begin(), segments.end(),
                          [](const Segment& a, const Segment& b) {
                              return a.is_name == b.is_name && (a.is_name || a.text == b.text);
                          });
    };
    const auto same_text = [](const Segment& a, const Segment& b) { return a.text == b.text; };
    const auto route = std::find_if(routes_.begin(), routes_.end(), same_shape);
    if (route == routes_.end()) {
        routes_.push_back({std::move(segments), {{std::string{method}, std::move(endpoint)}}, shown});
        return;
    }
    if (!std::equal(route->segments.begin(), route->segments.end(), segments.begin(), same_text)) {
        throw std::invalid_argument{shown + ": the same path is known with other names"};
    }
    if (find_method(route->methods, method) != nullptr) {
        throw std::invalid_argument{std::string{method} + ' ' + shown + " has a handler already"};
    }
    route->methods.emplace_back(method, std::move(endpoint));
}

std::string Router::Route::allow() const {
    std::string list;
    for (const auto& [method, endpoint] : methods) {
        if (method != "OPTIONS") list += method + ", ";
        if (method == "GET" && find_method(methods, "HEAD") == nullptr) list += "HEAD, ";
    }
    return list + "OPTIONS";
}

void Router::use(Middleware middleware) {
    if (!middleware) throw std::invalid_argument{"middleware is a function, and this one is empty"};
    middleware_.push_back(std::move(middleware));
}

Response Router::handle(const Request& request) const {
    Response response = answer(0, request);
    if (request.method == "HEAD") drop_body(response);
    return response;
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const Route& route : routes_) {
        for (const auto& [method, endpoint] : route.methods) all.emplace_back(method, route.pattern);
    }
    return all;
}

/// What pass() answers, or the answer that what it throws becomes.
Response Router::answer(std::size_t depth, const Request& request) const {
    std::string_view route;
    const auto from_route = [&route](Response response) {
        if (!route.empty()) response.route = route;
        return response;
    };
    try {
        try {
            return from_route(pass(depth, request, route));
        } catch (const Problem& problem) {
            if (problem.status() >= 500) {
                log_failure(log_, LogLevel::kWarning, "request refused", request, problem.detail());
            }
            return from_route(problem.to_response(request.request_id));
        } catch (const Unavailable& unavailable) {
            log_failure(log_, LogLevel::kWarning, "request not served", request, unavailable.what());
            return from_route(unavailable.to_response(request.request_id));
        } catch (const std::exception& bug) {
            log_failure(log_, LogLevel::kError, "handler failed", request, bug.what());
        } catch (...) {
            log_failure(log_, LogLevel::kError, "handler failed", request, "not a std::exception");
        }
        return from_route(answers::internal_error().to_response(request.request_id));
    } catch (const std::exception&) {
        return from_route(
            Response{500, {}, {}});  // what is left where not even a problem can be made, for want of memory
    }
}

/// Through the middleware of that depth, where there is one, to what is further inside.
Response Router::pass(std::size_t depth, const Request& request, std::string_view& route) const {
    if (depth == middleware_.size()) return dispatch(request, route);
    return middleware_[depth](request, [this, depth](const Request& passed) { return answer(depth + 1, passed); });
}

/// Sets `route` before anything is thrown about it.
Response Router::dispatch(const Request& request, std::string_view& route) const {
    auto path = decoded_segments(request.path);
    const Route* best = nullptr;
    for (const Route& known : routes_) {
        if (!path || !matches(known.segments, *path)) continue;
        if (best == nullptr || is_more_specific(known.segments, best->segments)) best = &known;
    }
    if (best == nullptr) throw answers::not_found();
    route = best->pattern;

    const detail::Endpoint* endpoint = find_method(best->methods, request.method);
    if (endpoint == nullptr && request.method == "HEAD") endpoint = find_method(best->methods, "GET");
    if (endpoint == nullptr && request.method == "OPTIONS") return Response{204, {{"Allow", best->allow()}}, {}};
    if (endpoint == nullptr) throw answers::method_not_allowed(best->allow());

    Fields path_parameters;
    for (std::size_t i = 0; i < path->size(); ++i) {
        if (best->segments[i].is_name) path_parameters.add(best->segments[i].text, std::move((*path)[i]));
    }
    auto response = endpoint->call(request, path_parameters);
    if (!response) throw answers::not_found();
    return *std::move(response);
}

}  // namespace fcgi_worker
