/// What signs somebody in must not be readable in a log.
#include <fstream>

#include "api_test.hpp"

namespace api {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "only-its-owner-may-read-this";

struct Secret : testing::Test {
    static Answer ask(const std::string& headers) {
        return send_raw("GET /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers + "\r\n");
    }
    static void expect_in_no_log() {
        EXPECT_NO_THROW(stack::run("! grep -rF -e " + std::string{kSecret} + " '" + stack::setting("STATE") + "/log'"));
    }
    const std::string token = "Bearer " + std::string{kSecret};
};

TEST_F(Secret, OfARequestReachesNoLog) {
    ask("Authorization: " + token + "\r\n");
    ask("Cookie: todo_access=" + std::string{kSecret} + "\r\n");

    expect_in_no_log();
}

TEST_F(Secret, OfARefusedRequestReachesNoLog) {
    ASSERT_THAT(ask("Authorization: " + token + std::string(9000, 'a') + "\r\n"), Answers(431));
    ASSERT_THAT(ask("Authorization: " + token + "\r\nAuthorization: " + token + "\r\n"), Answers(400));
    ASSERT_THAT(ask("Authorization: " + token + std::string("\0\r\n", 3)), Answers(400));
    ASSERT_THAT(ask("Cookie: todo_access=" + std::string{kSecret} + std::string(9000, 'a') + "\r\n"), Answers(431));

    expect_in_no_log();
}

TEST_F(Secret, IsNoPartOfALineOfTheAccessLog) {
    std::ifstream file{stack::setting("STATE") + "/nginx/nginx.conf"};
    const std::string configuration{std::istreambuf_iterator<char>{file}, {}};
    const std::size_t begin = configuration.find("log_format");
    ASSERT_NE(begin, std::string::npos);
    const std::string format = configuration.substr(begin, configuration.find(';', begin) - begin);

    EXPECT_THAT(format, HasSubstr("$path_as_sent"));
    EXPECT_THAT(format, Not(ContainsRegex("[$](http_|sent_|cookie_|arg|query|request_uri|request\")")));
}

}  // namespace
}  // namespace api
