#include "json.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <stdexcept>

namespace api {
namespace {

namespace json = boost::json;

json::value parse_json(const std::string& text) {
    try {
        return json::parse(text);
    } catch (const std::exception& error) {
        throw std::runtime_error(std::string{"no JSON ("} + error.what() + "): " + text.substr(0, 500));
    }
}

json::value at(const Answer& answer, const std::string& pointer) {
    const json::value whole = parse_json(answer.body);
    json::error_code error;
    const json::value* found = whole.find_pointer(pointer, error);
    if (found == nullptr) throw std::runtime_error("nothing at " + pointer + " of " + answer.body.substr(0, 500));
    return *found;
}

bool is_text(const json::object& object, const char* name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() && !value->get_string().empty();
}

bool names_field(const json::object& problem, const std::string& pointer) {
    const json::value* errors = problem.if_contains("errors");
    if (errors == nullptr || !errors->is_array()) return false;
    return std::any_of(errors->get_array().begin(), errors->get_array().end(), [&](const json::value& error) {
        return error.is_object() && is_text(error.get_object(), "detail") && error.get_object().contains("pointer") &&
               error.at("pointer") == json::value(pointer);
    });
}

/// The first word that tells a client what the service is made of; empty for none.
std::string internals_in(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array kWords{"nginx", "fastcgi", "postgres", "pqxx",      "sql",   "boost", "exception",
                                "std::", "/run/",   "/tmp/",    "terminate", "errno", ".cpp",  "<html"};
    const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                     [&](const char* word) { return text.find(word) != std::string::npos; });
    return found == kWords.end() ? "" : *found;
}

}  // namespace

std::string json_at(const Answer& answer, const std::string& pointer) { return json::serialize(at(answer, pointer)); }

std::string text_at(const Answer& answer, const std::string& pointer) {
    const json::value value = at(answer, pointer);
    if (!value.is_string()) throw std::runtime_error("no text at " + pointer + " of " + answer.body.substr(0, 500));
    return std::string{value.get_string()};
}

std::vector<std::string> each(const Answer& list, const std::string& field) {
    const json::value todos = parse_json(list.body);
    if (!todos.is_array()) throw std::runtime_error("no list: " + list.body.substr(0, 500));
    std::vector<std::string> values;
    for (const json::value& todo : todos.get_array()) values.push_back(json::serialize(todo.at(field)));
    return values;
}

std::string normal(const std::string& json) { return json::serialize(parse_json(json)); }

std::string with_field(const Answer& answer, const std::string& field, const std::string& json) {
    json::value whole = parse_json(answer.body);
    whole.as_object()[field] = parse_json(json);
    return json::serialize(whole);
}

std::string quoted(const std::string& text) { return json::serialize(json::value(text)); }

std::string line_of(const std::string& method, const std::string& target, const Answer& answer) {
    json::array headers;
    for (const auto& [name, value] : answer.headers) headers.push_back({name, value});
    return json::serialize(json::object{{"method", method},
                                        {"target", target},
                                        {"status", answer.status},
                                        {"headers", headers},
                                        {"body", answer.body}});
}

std::string fault_of_problem(const Answer& answer, int status, const std::string& code, const std::string& pointer) {
    if (answer.status != status) return "the status is not " + std::to_string(status);
    if (answer.header("Content-Type") != "application/problem+json") return "Content-Type is not problem+json";

    json::error_code error;
    const json::value body = json::parse(answer.body, error);
    if (error || !body.is_object()) return "the body is no JSON object";
    const json::object& problem = body.get_object();

    for (const char* field : {"type", "title", "detail", "request_id"}) {
        if (!is_text(problem, field)) return std::string{field} + " is missing";
    }
    if (!problem.at("type").as_string().ends_with("/problems/" + code)) return "the type is not " + code;
    if (!problem.contains("status") || problem.at("status") != json::value(status)) return "status is not the answer's";
    if (problem.at("request_id") != json::value(answer.header("X-Request-Id"))) return "request_id is not the header's";
    if (pointer != "-" && !names_field(problem, pointer)) return "no error points to \"" + pointer + "\"";

    const std::string internals = internals_in(answer.body);
    return internals.empty() ? "" : "it tells of " + internals;
}

}  // namespace api
