/// CORS: a page of another origin may use the API and read all it says, errors too.
#include "api_test.hpp"

namespace api {
namespace {

using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kOrigin = "https://app.example";

struct Cors : ApiTest {
    static Answer preflight(const std::string& path, const std::string& method) {
        return options(path, {{"Origin", kOrigin},
                              {"Access-Control-Request-Method", method},
                              {"Access-Control-Request-Headers", "content-type,if-match,idempotency-key"}});
    }
    const Headers from_page{{"Origin", kOrigin}};
};

MATCHER(LetsThePageRead, "may be read by a page of another origin") {
    return testing::ExplainMatchResult(HasHeader("Access-Control-Allow-Origin", AnyOf("*", kOrigin)), arg,
                                       result_listener) &&
           testing::ExplainMatchResult(HasNoHeader("Access-Control-Allow-Credentials"), arg, result_listener);
}

TEST_F(Cors, AnswersAPreflightOfEachMethod) {
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        const Answer asked = preflight(kTodos, method);

        EXPECT_THAT(asked, AnyOf(Answers(200), Answers(204)));
        EXPECT_THAT(asked, LetsThePageRead());
        EXPECT_THAT(asked, HasHeader("Access-Control-Allow-Methods", HasSubstr(method)));
        EXPECT_THAT(asked, HasHeader("Access-Control-Max-Age", ContainsRegex("^[0-9]+$")));
        for (const char* header :
             {"Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id"}) {
            EXPECT_THAT(asked, HasHeader("Access-Control-Allow-Headers", HasSubstr(header)));
        }
    }
}

TEST_F(Cors, AnswersAPreflightOfAPathThatIsNotThere) {
    EXPECT_THAT(preflight(kNobody, "GET"), LetsThePageRead());
    EXPECT_THAT(preflight("/nowhere", "GET"), LetsThePageRead());
}

TEST_F(Cors, LetsThePageReadTheAnswerAndItsHeaders) {
    const Answer created = post(kTodos, R"({"title":"a"})", from_page);

    EXPECT_THAT(created, Answers(201));
    EXPECT_THAT(created, LetsThePageRead());
    for (const char* header :
         {"ETag", "Location", "Link", "Retry-After", "RateLimit-Policy", "WWW-Authenticate", "X-Request-Id",
          "Idempotent-Replayed", "Allow", "Accept, ", "Accept-Encoding", "Accept-Patch", "Accept-Post"}) {
        EXPECT_THAT(created, HasHeader("Access-Control-Expose-Headers", HasSubstr(header)));
    }
}

TEST_F(Cors, LetsThePageReadTheWorkersErrors) {
    EXPECT_THAT(get(kNobody, from_page), LetsThePageRead());
    EXPECT_THAT(post(kTodos, "{}", from_page), LetsThePageRead());
    EXPECT_THAT(put(kTodos, "{}", from_page), LetsThePageRead());
}

TEST_F(Cors, LetsThePageReadTheWebServersErrors) {
    const Answer too_large = post(kTodos, std::string(65537, 'a'), from_page);
    const Answer nowhere = get("/nowhere", from_page);
    const Answer too_long = get("/v1/todos?cursor=" + std::string(9000, 'a'), from_page);

    EXPECT_THAT(too_large, Answers(413));
    EXPECT_THAT(too_large, LetsThePageRead());
    EXPECT_THAT(nowhere, Answers(404));
    EXPECT_THAT(nowhere, LetsThePageRead());
    EXPECT_THAT(too_long, Answers(414));
    EXPECT_THAT(too_long, LetsThePageRead());
}

TEST_F(Cors, SaysEachHeaderOnce) {
    const Answer read = get(kTodos, from_page);

    for (const char* header : {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "X-Request-Id"}) {
        EXPECT_EQ(std::count_if(read.headers.begin(), read.headers.end(),
                                [&](const auto& field) { return field.first == header; }),
                  1)
            << header;
    }
}

}  // namespace
}  // namespace api
