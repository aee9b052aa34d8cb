/// Probes and metrics: on the private listener, and nowhere else.
#include "api_test.hpp"

namespace api {
namespace {

using testing::HasSubstr;

struct PrivateListener : testing::Test {};

TEST_F(PrivateListener, SaysThatTheHostIsAliveAndReady) {
    EXPECT_THAT(get_private("/livez"), Answers(200));
    EXPECT_THAT(get_private("/readyz"), Answers(200));
}

TEST_F(PrivateListener, AsksEachWorkerByItself) {
    for (const char* slot : {"0", "1"}) {
        const std::string worker = std::string{"/worker/"} + slot;
        EXPECT_THAT(get_private(worker + "/livez"), Answers(200));
        EXPECT_THAT(get_private(worker + "/readyz"), Answers(200));
        EXPECT_THAT(get_private(worker + "/metrics").body, HasSubstr("# TYPE "));
    }
}

TEST_F(PrivateListener, ShowsThePoolOfTwentyConnections) {
    EXPECT_THAT(get_private("/worker/0/metrics").body, HasSubstr("connections"));
}

TEST_F(PrivateListener, ServesNoTodos) {
    EXPECT_THAT(get_private("/v1/todos"), Answers(404));
    EXPECT_THAT(get_private("/worker/0/v1/todos"), Answers(404));
}

TEST_F(PrivateListener, IsNotToBeFoundOnThePublicPorts) {
    for (const int port : stack::ports()) {
        const std::string url = "http://127.0.0.1:" + std::to_string(port);
        for (const char* path : {"/livez", "/readyz", "/metrics", "/worker/0/livez", "/worker/0/metrics", "/nginx"}) {
            EXPECT_THAT(send({"GET", path, {}, {}, url}), IsProblem(404, "not-found")) << url << path;
        }
    }
}

TEST_F(PrivateListener, IsNotToBeFoundUnderAnotherSpelling) {
    for (const char* path : {"/v1/livez", "/v1/readyz", "/v1/metrics", "/v1/../metrics", "//metrics", "/%6detrics",
                             "/metrics/", "/v1/worker/0/metrics", "/v1/%2e%2e/worker/0/metrics", "/./nginx"}) {
        EXPECT_THAT(get(path), IsProblem(404, "not-found")) << path;
    }
}

}  // namespace
}  // namespace api
