/// The router: fixed patterns, any method, any path. An input is a line with the method, then the path.
#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcgi_worker/problem.hpp>
#include <fcgi_worker/router.hpp>

#include "fuzz.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Problem;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;
using fcgi_worker::Unavailable;
using Segments = std::vector<std::string>;

constexpr std::array kPatterns{
    "/",        "/v1/todos", "/v1/todos/{id}", "/v1/todos/{id}/notes", "/v1/{kind}/latest", "/{a}/{b}",
    "/a/{x}/c", "/a/b/{y}",  "/folder/"};

Segments split(std::string_view path) {
    Segments segments;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        segments.emplace_back(path.substr(0, path.find('/')));
        path.remove_prefix(segments.back().size());
    }
    return segments;
}

/// Answers with the pattern and what its names stand for; fails in each of the ways that a handler can.
Response answer(std::string_view pattern, const Request& request) {
    Response response{200, {{"X-Pattern", std::string{pattern}}}, request.path};
    for (const auto& [name, value] : request.path_parameters) {
        if (value == "problem") throw Problem{409, "conflict", "Conflict", "There is one already."};
        if (value == "unavailable") throw Unavailable{"asked for"};
        if (value == "bug") throw std::runtime_error{"asked for"};
        if (value == "number") throw 1;
        response.headers.add(name, value);
    }
    return response;
}

Router make_router() {
    Router router;
    for (const std::string_view pattern : kPatterns) {
        for (const char* method : {"GET", "PUT"}) {
            router.add(method, pattern, [pattern](const Request& request) { return answer(pattern, request); });
        }
    }
    return router;
}

bool is_name(std::string_view segment) { return segment.starts_with('{'); }

bool matches(const Segments& pattern, const Segments& path) {
    return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(), [](const auto& place, const auto& raw) {
        const auto text = fcgi_worker::percent_decode(raw);
        return text && (is_name(place) ? !text->empty() : *text == place);
    });
}

/// Whether `segments` has text where the other first has a name.
bool is_before(const Segments& segments, const Segments& other) {
    return std::lexicographical_compare(segments.begin(), segments.end(), other.begin(), other.end(),
                                        [](const auto& a, const auto& b) { return !is_name(a) && is_name(b); });
}

/// The pattern that a path is for, found in another way than the router's.
std::optional<std::string_view> expected_pattern(std::string_view path) {
    std::optional<std::string_view> best;
    for (const std::string_view pattern : kPatterns) {
        if (!path.starts_with('/') || !matches(split(pattern), split(path))) continue;
        if (!best || is_before(split(pattern), split(*best))) best = pattern;
    }
    return best;
}

void expect_parameters(const Response& response, std::string_view pattern, std::string_view path) {
    const Segments places = split(pattern);
    const Segments texts = split(path);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!is_name(places[i])) continue;
        const auto value = response.headers.find(places[i].substr(1, places[i].size() - 2));
        expect(value && !value->empty(), "each name of the pattern stands for something");
        expect(*value == fcgi_worker::percent_decode(texts[i]), "a parameter is its segment, decoded");
    }
}

}  // namespace

void run(std::string_view input) {
    static const Router router = make_router();
    Request request;
    request.method = take_line(input);
    request.path = input;
    request.request_id = "fuzz";

    const Response response = router.handle(request);
    expect(response.status >= 200 && response.status <= 599, "a status is between 200 and 599");
    expect(request.method != "HEAD" || response.body.empty(), "HEAD gets no body");

    const auto pattern = expected_pattern(request.path);
    expect((response.status == 404) == !pattern, "what matches no pattern is not found, and nothing else is");
    if (response.status != 200) return;
    expect(response.headers.find("X-Pattern") == pattern, "the pattern with text in the first place wins");
    expect_parameters(response, *pattern, request.path);
}

}  // namespace fuzz
