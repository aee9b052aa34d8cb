/// The API without socket or database: requests go through the real router into handlers over a MemoryStore.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/router.hpp>
#include <fcgi_worker/test_client.hpp>

#include "crypto.hpp"
#include "memory_store.hpp"
#include "problems.hpp"
#include "routes.hpp"

namespace todo {

using fcgi_worker::Fields;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;

inline std::string header(const Response& response, std::string_view name) {
    return std::string{response.headers.find(name).value_or("(none)")};
}

/// The value of a string member, from the first place where it stands; "(none)" where it does not.
inline std::string member(const Response& response, const std::string& name) {
    const std::string start = "\"" + name + "\":\"";
    const std::size_t at = response.body.find(start);
    if (at == std::string::npos) return "(none)";
    const std::size_t begin = at + start.size();
    return response.body.substr(begin, response.body.find('"', begin) - begin);
}

inline void PrintTo(const Response& response, std::ostream* out) {
    *out << response.status << '\n';
    for (const auto& [name, value] : response.headers) *out << name << ": " << value << '\n';
    *out << '\n' << response.body;
}

MATCHER_P(Answers, status, "") { return arg.status == status; }
MATCHER_P2(HasHeader, name, value, "") { return header(arg, name) == value; }
MATCHER_P(Says, text, "") { return arg.body.find(text) != std::string::npos; }
MATCHER_P2(IsProblem, status, code, "") {
    return arg.status == status && header(arg, "Content-Type") == "application/problem+json" &&
           member(arg, "type") == "/problems/" + std::string{code};
}
/// A 422 that points at exactly these fields.
MATCHER_P(FaultsAt, pointers, "") {
    std::vector<std::string> found;
    const std::string start = "\"pointer\":\"";
    for (std::size_t at = arg.body.find(start); at != std::string::npos; at = arg.body.find(start, at + 1)) {
        found.push_back(arg.body.substr(at + start.size(), arg.body.find('"', at + start.size()) - at - start.size()));
    }
    return member(arg, "type") == "/problems/invalid-fields" && arg.status == 422 && found == pointers;
}
using Pointers = std::vector<std::string>;

inline const std::string kOrigin = "http://localhost:8080";
inline const std::string kTodos = "/v1/todos";
inline const std::string kSomeId = "0198c0de-abcd-7123-89ab-0123456789ef";
inline const std::string kSomeTodo = kTodos + "/" + kSomeId;

struct ApiTest : testing::Test {
    ApiTest() {
        start_crypto();
        add_routes(router_, store, options, [this](const Request&) {
            if (!who) throw problems::not_signed_in();
            return Identity{*who};
        });
    }

    /// A target is a path with or without a query. A body goes as application/json where no type is named.
    Response send(const std::string& method, const std::string& target, Fields headers = {}, std::string body = {}) {
        return client_.send(
            {.method = method, .target = target, .headers = std::move(headers), .body = std::move(body)});
    }

    Response get(const std::string& target, Fields headers = {}) { return send("GET", target, std::move(headers)); }
    Response post(std::string body, Fields headers = {}) {
        return send("POST", kTodos, std::move(headers), std::move(body));
    }
    Response put(const std::string& target, std::string body, Fields headers = {}) {
        return send("PUT", target, std::move(headers), std::move(body));
    }
    Response patch(const std::string& target, std::string body, Fields headers = {}) {
        return send("PATCH", target, std::move(headers), std::move(body));
    }
    Response remove(const std::string& target, Fields headers = {}) {
        return send("DELETE", target, std::move(headers));
    }

    /// Creates a todo of this title, and returns its path.
    std::string given_todo(const std::string& title, const std::string& more = {}) {
        const Response created = post("{\"title\":\"" + title + "\"" + more + "}");
        EXPECT_THAT(created, Answers(201));
        return kTodos + "/" + member(created, "id");
    }

    /// The titles in a list, in its order.
    static std::vector<std::string> titles(const Response& list) {
        std::vector<std::string> found;
        const std::string start = "\"title\":\"";
        for (std::size_t at = list.body.find(start); at != std::string::npos; at = list.body.find(start, at + 1)) {
            const std::size_t begin = at + start.size();
            found.push_back(list.body.substr(begin, list.body.find('"', begin) - begin));
        }
        return found;
    }

    /// The target of a list's next page; empty where there is none.
    static std::string next(const Response& list) {
        const std::string link = header(list, "Link");
        const std::string start = "<" + kOrigin;
        const std::string end = ">; rel=\"next\"";
        if (!link.starts_with(start) || !link.ends_with(end)) return "";
        return link.substr(start.size(), link.size() - start.size() - end.size());
    }

    MemoryStore store;
    const OwnerId alice{*Uuid::parse("0198c0de-0000-7000-8000-00000000000a")};
    const OwnerId bob{*Uuid::parse("0198c0de-0000-7000-8000-00000000000b")};
    ApiOptions options{.public_url = ""};
    std::optional<OwnerId> who = alice;  ///< Is signed in.

private:
    Router router_;
    fcgi_worker::TestClient client_{router_, {.origin = kOrigin}};
};

}  // namespace todo
