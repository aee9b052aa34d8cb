/// nginx's processes and ports, in its configuration and alive.
#include "api_test.hpp"

namespace api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t kProcesses = 200;
constexpr std::size_t kPorts = 20;

struct Nginx : ApiTest {
    /// What `nginx -T` says of the configuration that runs.
    static std::string configuration() {
        const std::string state = stack::setting("STATE");
        return stack::run("cd '" + state + "/nginx' && nginx -p ./ -c nginx.conf -e '" + state +
                          "/log/nginx-error.log' -T");
    }
};

TEST_F(Nginx, IsConfiguredForTwoHundredProcessesAndTwentyPorts) {
    const std::string text = configuration();

    EXPECT_THAT(text, HasSubstr("worker_processes 200;"));
    for (const int port : stack::ports())
        EXPECT_THAT(text, HasSubstr("listen 127.0.0.1:" + std::to_string(port) + " "));
}

TEST_F(Nginx, RunsTwoHundredProcesses) {
    EXPECT_THAT(stack::children_of(stack::process_in("nginx.pid")), SizeIs(kProcesses));
}

TEST_F(Nginx, AnswersOnTwentyPorts) {
    ASSERT_THAT(stack::ports(), SizeIs(kPorts));

    for (const int port : stack::ports()) {
        EXPECT_THAT(send({"GET", kTodos, {}, {}, "http://127.0.0.1:" + std::to_string(port)}), Answers(200)) << port;
    }
}

TEST_F(Nginx, GivesATodoTheUrlOfThePortThatWasAsked) {
    const GivenTodo todo = given_todo();

    for (const int port : stack::ports()) {
        const std::string url = "http://127.0.0.1:" + std::to_string(port);
        EXPECT_THAT(send({"GET", todo.path, {}, {}, url}), HasField("/url", quoted(url + todo.path)));
    }
}

TEST_F(Nginx, ServesThePage) {
    const Answer page = get("/");

    EXPECT_THAT(page, Answers(200));
    EXPECT_THAT(page, HasHeader("Content-Type", HasSubstr("text/html")));
}

TEST_F(Nginx, ExplainsEachProblemAtItsType) {
    const Answer explained = get(text_at(get(kNobody), "/type"));

    EXPECT_THAT(explained, Answers(200));
    EXPECT_THAT(explained, HasHeader("Content-Type", HasSubstr("text/html")));
    EXPECT_THAT(explained.body, HasSubstr("not-found"));
}

struct Workers : testing::Test {};

TEST_F(Workers, AreTwoProcesses) { EXPECT_THAT(stack::workers(), SizeIs(2)); }

}  // namespace
}  // namespace api
