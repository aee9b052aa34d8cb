/// A URL shortener with a table of its own.
///
///     POST /            a URL as the body -> 201 with Location: /CODE, and the short URL as the body
///     GET  /CODE        302 to the URL, and counted
///     GET  /CODE/hits   200, how often that was
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <fcgi_worker/pq/combiner.hpp>
#include <fcgi_worker/router.hpp>
#include <fcgi_worker/server.hpp>

using namespace fcgi_worker;

/// $1 the URLs of all requests that share it. Ids come from a sequence, so no two links want the same code.
constexpr pq::Statement kCreate{"create", R"(
    WITH member AS (
        SELECT n, url, nextval('link_id') AS id
          FROM unnest($1::text[]) WITH ORDINALITY AS asked(url, n)
    ), made AS (
        INSERT INTO link (id, url) SELECT id, url FROM member
    )
    SELECT n, url, id FROM member)"};

/// $1 the ids that all requests that share it ask for. A link is changed once, by the number of those that ask for it.
/// Links are locked in the order of their ids, so that two processes never wait for each other.
constexpr pq::Statement kFollow{"follow", R"(
    WITH member AS (
        SELECT n, id FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(id, n)
    ), locked AS (
        SELECT id, url FROM link WHERE id = ANY ($1) ORDER BY id FOR UPDATE
    ), counted AS (
        UPDATE link
           SET hits = hits + times
          FROM (SELECT id, count(*) AS times FROM member JOIN locked USING (id) GROUP BY id) AS asked
         WHERE link.id = asked.id
    )
    SELECT n, id, url FROM member JOIN locked USING (id))"};

/// $1 an id. Few ask for it, so it is not combined.
constexpr pq::Statement kHits{"hits", "SELECT hits FROM link WHERE id = $1"};

/// An id in base 62, without zeros in front, so that each id has one code. Who knows one can guess the next: where
/// nobody may, codes have to be random, with another try where one is taken.
struct Code {
    std::uint64_t id;
};

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string to_text(Code code) {
    std::string text;
    for (; code.id > 0; code.id /= kDigits.size()) text.insert(text.begin(), kDigits[code.id % kDigits.size()]);
    return text;
}

/// Teaches the router what a code is: another text is answered 404, and the database is not asked.
template <>
struct fcgi_worker::PathParameter<Code> {
    static std::optional<Code> parse(std::string_view text) {
        if (text.size() > 10 || text.starts_with('0')) return std::nullopt;  // 62^10 still fits into a bigint
        Code code{0};
        for (const char digit : text) {
            const std::size_t value = kDigits.find(digit);
            if (value == std::string_view::npos) return std::nullopt;
            code.id = code.id * kDigits.size() + value;
        }
        return code;
    }
};

/// Whether it is of http or https, has a host, and nothing in it that may not stand in a header.
bool is_url(std::string_view text) {
    const std::size_t host = text.starts_with("http://") ? 7 : 8;
    return (host == 7 || text.starts_with("https://")) && text.size() > host &&
           text.find_first_of("/?#:@", host) != host &&
           std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter <= '~'; });
}

const pq::Rows& or_not_found(const pq::Rows& rows) {
    if (rows.empty()) throw Problem{404, "no-link", "No link", "There is no link of this code."};
    return rows;
}

Response plain(int status, Fields headers, std::string body) {
    headers.add("Content-Type", "text/plain; charset=utf-8");
    return {status, std::move(headers), std::move(body) + "\n"};
}

/// The pool and the combiners outlive the router.
void add_routes(Router& router, pq::Pool& pool, pq::Combiner& creating, pq::Combiner& following) {
    router.add("POST", "/", [&](const Request& request) {
        if (!is_url(request.body)) {
            throw Problem{422, "not-a-url", "Not a URL",
                          "Send a URL of http or https as the body, in ASCII and without blanks."};
        }
        const pq::Rows rows = creating.execute({.parameters = {request.body}}, request.budget());
        const std::string path = "/" + to_text({std::stoull(std::string{*rows.at(0, 0)})});
        return plain(201, {{"Location", path}}, request.origin + path);
    });
    router.add("GET", "/{code}", [&](const Request& request, Code code) {
        const pq::Rows rows = following.execute({.parameters = {std::to_string(code.id)}}, request.budget());
        const std::string url{*or_not_found(rows).at(0, 0)};
        return plain(302, {{"Location", url}}, url);
    });
    router.add("GET", "/{code}/hits", [&](const Request& request, Code code) {
        const pq::Rows rows = pool.acquire(request.budget()).execute(kHits, {std::to_string(code.id)});
        return plain(200, {}, std::string{*or_not_found(rows).at(0, 0)});
    });
}

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: shortener ADDRESS DSN, for example unix:/run/shortener.sock dbname=shortener\n";
        return 2;
    }
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    const Log log = [](const LogEntry& entry) { std::clog << entry.text() + "\n"; };
    pq::Pool pool{{.dsn = argv[2], .statements = {kCreate, kFollow, kHits}}, log};
    pool.wait_until_full(deadline_after(std::chrono::seconds{5}));  // without a database it starts, too
    pq::Combiner creating{pool, kCreate};
    pq::Combiner following{pool, kFollow};
    Router router{log};
    add_routes(router, pool, creating, following);

    Server server{ListenSocket::open(argv[1]),
                  [&](const Request& request) { return router.handle(request); },
                  {.body_bytes = 2048},  // a longer URL is answered 413
                  log};
    std::jthread runner{[&] { server.run(); }};
    int signal = 0;
    sigwait(&stop, &signal);
    server.stop();
} catch (const std::exception& error) {
    std::cerr << "shortener: " << error.what() << '\n';
    return 1;
}
