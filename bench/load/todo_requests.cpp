#include "todo_requests.hpp"

#include <charconv>
#include <cstdio>
#include <stdexcept>

namespace load {
namespace {

constexpr std::string_view kTitle = R"("title":")";

/// The n-th of the user's ten todos, 1 the first, as the data has it.
std::string preloaded_id(std::uint32_t number, unsigned n) {
    std::array<char, 37> id{};
    std::snprintf(id.data(), id.size(), "01980000-0000-7%03x-8000-%012x", n, number);
    return id.data();
}

/// So each of the user's titles begins.
std::string marker(std::uint32_t number) { return "user " + std::to_string(number) + ": "; }

void add_head(std::string& text, std::string_view method, std::string_view path, const Asker& asker,
              std::string_view host) {
    text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(host);
    text.append("\r\nAuthorization: Bearer ").append(asker.token).append("\r\n");
}

void add_json(std::string& text, std::string_view type, const std::string& body) {
    text.append("Content-Type: ").append(type).append("\r\nContent-Length: ").append(std::to_string(body.size()));
    text.append("\r\n\r\n").append(body);
}

}  // namespace

Mix::Mix(std::string_view text) {
    const std::string whole{text};
    unsigned sum = 0;
    for (std::size_t n = 0; n < kKinds; ++n) {
        unsigned share = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const bool separated = n + 1 == kKinds ? text.empty() : text.starts_with(':');
        if (error != std::errc{} || share > 100 || !separated) {
            throw std::invalid_argument("a mix is LIST:CREATE:PATCH:DELETE in percent, like 90:5:4:1; not '" + whole +
                                        "'");
        }
        if (!text.empty()) text.remove_prefix(1);
        sum += share;
        up_to_[n] = sum;
    }
    if (sum != 100)
        throw std::invalid_argument("the parts of the mix '" + whole + "' are " + std::to_string(sum) +
                                    " together, and not 100");
}

Kind Mix::draw(Random& random) const {
    const auto drawn = static_cast<unsigned>(random() % 100);
    std::size_t kind = 0;
    while (drawn >= up_to_[kind]) ++kind;
    return static_cast<Kind>(kind);
}

void write_request(std::string& text, Kind kind, const Asker& asker, std::string_view host, Random& random) {
    text.clear();
    switch (kind) {
        case Kind::kList:
            add_head(text, "GET", "/v1/todos", asker, host);
            text.append("\r\n");
            break;
        case Kind::kCreate:
            add_head(text, "POST", "/v1/todos", asker, host);
            add_json(text, "application/json",
                     R"({"title":")" + marker(asker.number) + R"(water the plants in room )" +
                         std::to_string(random() % 100) + R"("})");
            break;
        case Kind::kPatch:
            add_head(text, "PATCH", "/v1/todos/" + preloaded_id(asker.number, 1 + static_cast<unsigned>(random() % 5)),
                     asker, host);
            add_json(text, "application/merge-patch+json",
                     random() % 2 == 0 ? R"({"completed":true})" : R"({"completed":false})");
            break;
        case Kind::kDelete:
            add_head(text, "DELETE", "/v1/todos/" + preloaded_id(asker.number, 6 + static_cast<unsigned>(random() % 5)),
                     asker, host);
            text.append("\r\n");
            break;
    }
}

bool is_own(Kind kind, std::uint32_t number, std::string_view body) {
    if (kind == Kind::kDelete) return body.empty();
    const std::string own = marker(number);
    std::size_t todos = 0;
    for (std::size_t at = body.find(kTitle); at != std::string_view::npos; at = body.find(kTitle, at)) {
        at += kTitle.size();
        if (!body.substr(at).starts_with(own)) return false;
        ++todos;
    }
    return kind == Kind::kList ? todos >= 5 : todos == 1;
}

}  // namespace load
