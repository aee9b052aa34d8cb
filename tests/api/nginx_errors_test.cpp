/// What never reaches a worker is answered by nginx, in the same form as all other errors.
#include "api_test.hpp"

namespace api {
namespace {

struct WebServersError : ApiTest {
    static std::string request(const std::string& more, const std::string& path = kTodos) {
        return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + more + "\r\n";
    }
    void TearDown() override { EXPECT_THAT(get(kTodos), HasTodos(0)); }
};

TEST_F(WebServersError, IsOneForGarbage) { EXPECT_THAT(send_raw("garbage\r\n\r\n"), IsProblem(400, "bad-request")); }

TEST_F(WebServersError, IsOneForTlsOnAPlainPort) {
    // The first bytes of a ClientHello.
    const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);

    EXPECT_THAT(send_raw(hello + std::string(600, 'x')), IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForAMissingHost) {
    EXPECT_THAT(send_raw("GET /v1/todos HTTP/1.1\r\nConnection: close\r\n\r\n"), IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForTwoHosts) {
    EXPECT_THAT(send_raw(request("Host: localhost\r\n")), IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForAProtocolFromTheFuture) {
    EXPECT_THAT(send_raw("GET /v1/todos HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n"), IsProblem(505, "http-version"));
}

TEST_F(WebServersError, IsOneForATooLongUri) {
    EXPECT_THAT(get("/v1/todos?cursor=" + std::string(9000, 'a')), IsProblem(414, "uri-too-long"));
}

TEST_F(WebServersError, IsOneForTooLongHeaders) {
    EXPECT_THAT(get(kTodos, {{"If-None-Match", std::string(9000, 'a')}}), IsProblem(431, "headers-too-large"));
}

TEST_F(WebServersError, IsOneForATokenOf100Kilobytes) {
    const std::string token(100'000, 'a');

    EXPECT_THAT(send_raw(request("Authorization: Bearer " + token + "\r\n")), IsProblem(431, "headers-too-large"));
    EXPECT_THAT(send_raw(request("Cookie: todo_access=" + token + "\r\n")), IsProblem(431, "headers-too-large"));
}

TEST_F(WebServersError, IsOneForHeadersThatAreTooLongTogether) {
    std::string headers;
    for (char name = 'a'; name <= 'f'; ++name) headers += std::string{name} + ": " + std::string(7000, 'a') + "\r\n";

    EXPECT_THAT(send_raw(request(headers)), IsProblem(431, "headers-too-large"));
}

TEST_F(WebServersError, IsOneForTwoTokens) {
    EXPECT_THAT(send_raw(request("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")),
                IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForABodyOver64Kib) {
    const std::string body = R"({"title":"a","notes":")" + std::string(65536, 'n') + "\"}";

    EXPECT_THAT(post(kTodos, body), IsProblem(413, "payload-too-large"));
    EXPECT_THAT(put(kNobody, body), IsProblem(413, "payload-too-large"));
    EXPECT_THAT(patch(kNobody, body), IsProblem(413, "payload-too-large"));
}

TEST_F(WebServersError, IsOneForAnAnnouncedBodyThatNeverComes) {
    EXPECT_THAT(send_raw(request("Content-Length: 99999999999\r\n")), IsProblem(413, "payload-too-large"));
}

TEST_F(WebServersError, IsOneForAChunkedBodyOver64Kib) {
    const std::string chunk = "8000\r\n" + std::string(0x8000, 'a') + "\r\n";
    const std::string head =
        "POST /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";

    EXPECT_THAT(send_raw(head + chunk + chunk + chunk + "0\r\n\r\n"), IsProblem(413, "payload-too-large"));
}

TEST_F(WebServersError, IsOneForLengthsThatContradict) {
    EXPECT_THAT(send_raw(request("Content-Length: 5\r\nContent-Length: 6\r\n")), IsProblem(400, "bad-request"));
    EXPECT_THAT(send_raw(request("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
                IsProblem(400, "bad-request"));
    EXPECT_THAT(send_raw(request("Content-Length: -1\r\n")), IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForAnUnknownTransferEncoding) {
    EXPECT_THAT(send_raw(request("Transfer-Encoding: gzip\r\n")), IsProblem(501, "not-implemented"));
}

TEST_F(WebServersError, IsOneForControlCharactersInTheRequest) {
    EXPECT_THAT(send_raw(request("", std::string("/v1/\0todos", 10))), IsProblem(400, "bad-request"));
    EXPECT_THAT(send_raw(request(std::string("X-Header: a\0b\r\n", 15))), IsProblem(400, "bad-request"));
}

TEST_F(WebServersError, IsOneForAPathThatLeavesTheRoot) {
    EXPECT_THAT(send_raw(request("", "/../../etc/passwd")), IsProblem(400, "bad-request"));
    EXPECT_THAT(send_raw(request("", "/v1/%2e%2e/%2e%2e/etc/passwd")), IsProblem(400, "bad-request"));
    EXPECT_THAT(get("/problem"), IsProblem(404, "not-found"));
    EXPECT_THAT(get("/nginx.conf"), IsProblem(404, "not-found"));
}

TEST_F(WebServersError, IsNoneForABodyOf64Kib) {
    std::string body = R"({"title":"a","notes":")" + std::string(8192, 'n') + "\"}";
    body += std::string(65536 - body.size(), ' ');

    EXPECT_THAT(post(kTodos, body), Answers(201));
    EXPECT_THAT(remove(kTodos), Answers(204));
}

}  // namespace
}  // namespace api
