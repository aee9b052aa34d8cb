/// What each test of the API begins with: a running stack, and a user without todos.
///
/// All tests of a process act for that user, so they run one after another.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "client.hpp"
#include "json.hpp"
#include "matchers.hpp"
#include "stack.hpp"

namespace api {

inline constexpr const char* kTodos = "/v1/todos";
/// A valid id that no todo ever had.
inline constexpr const char* kNobody = "/v1/todos/01890a5d-ac96-774b-bcce-b302099a8057";

/// A todo as it was when it was created.
struct GivenTodo {
    std::string id;
    std::string path;
    std::string url;
    std::string etag;
    Answer answer;
};

struct ApiTest : testing::Test {
    void SetUp() override { ASSERT_THAT(remove(kTodos), Answers(204)); }

    static GivenTodo given(const std::string& body) {
        const Answer created = post(kTodos, body);
        EXPECT_THAT(created, Answers(201));
        const std::string id = text_at(created, "/id");
        return {id, "/v1/todos/" + id, text_at(created, "/url"), created.header("ETag"), created};
    }
    static GivenTodo given_todo(const std::string& title = "water the plants") {
        return given(R"({"title":)" + quoted(title) + "}");
    }
    /// An id that only this test uses, where one that was deleted must not come in between.
    static std::string fresh_path() {
        const GivenTodo todo = given_todo("lends its id");
        std::string path = todo.path;
        EXPECT_THAT(remove(path), Answers(204));
        // Another last digit: an id that never was.
        path.back() = path.back() == '0' ? '1' : '0';
        return path;
    }
};

}  // namespace api
