/// Methods, OPTIONS and 405.
#include "api_test.hpp"

namespace api {
namespace {

using testing::HasSubstr;

struct Methods : ApiTest {
    GivenTodo todo = {};
    void SetUp() override {
        ApiTest::SetUp();
        todo = given_todo();
    }
};

TEST_F(Methods, OfAListAreListedByOptions) {
    const Answer asked = options(kTodos);

    EXPECT_THAT(asked, Answers(204));
    for (const char* method : {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}) {
        EXPECT_THAT(asked, HasHeader("Allow", HasSubstr(method)));
    }
}

TEST_F(Methods, OfATodoAreListedByOptions) {
    const Answer asked = options(todo.path);

    EXPECT_THAT(asked, Answers(204));
    for (const char* method : {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        EXPECT_THAT(asked, HasHeader("Allow", HasSubstr(method)));
    }
}

TEST_F(Methods, ThatThePathDoesNotKnowAreRefusedWithThoseItKnows) {
    const Answer to_list = put(kTodos, R"({"title":"a"})");
    const Answer to_todo = post(todo.path, R"({"title":"a"})");

    EXPECT_THAT(to_list, IsProblem(405, "method-not-allowed"));
    EXPECT_THAT(to_list, HasHeader("Allow", options(kTodos).header("Allow")));
    EXPECT_THAT(to_todo, IsProblem(405, "method-not-allowed"));
    EXPECT_THAT(to_todo, HasHeader("Allow", options(todo.path).header("Allow")));
}

TEST_F(Methods, ThatNobodyKnowsAreRefused) {
    for (const char* method : {"PROPFIND", "BREW", "TRACE", "get"}) {
        const Answer refused =
            send_raw(std::string{method} + " /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(refused, testing::AnyOf(IsProblem(405, "method-not-allowed"), IsProblem(400, "bad-request")))
            << method;
    }
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(Methods, OfAnUnknownPathAreNotAsked) {
    for (const char* path : {"/v1", "/v1/", "/v1/todo", "/v2/todos", "/v1/todos/", "/v1//todos", "/nowhere"}) {
        EXPECT_THAT(get(path), IsProblem(404, "not-found")) << path;
    }
}

}  // namespace
}  // namespace api
