#include "accounts/account_routes.hpp"

#include <gmock/gmock.h>

#include <fcgi_worker/router.hpp>

namespace todo {
namespace {

using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;
using testing::HasSubstr;

struct EverybodysAccount : testing::Test {
    const OwnerId owner{Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef").value()};
    Router router{[](const auto&) {}};

    EverybodysAccount() { add_everybodys_account(router, owner); }

    Response ask(const char* method, const char* query = "") {
        Request request;
        request.method = method;
        request.path = "/v1/account";
        request.query = query;
        return router.handle(request);
    }
};

TEST_F(EverybodysAccount, IsTheOneOwnerWithoutAnEmail) {
    const Response answer = ask("GET");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("\"id\":\"0198c0de-abcd-7123-89ab-0123456789ef\",\"email\":null"));
}

TEST_F(EverybodysAccount, IsChangedByNobody) {
    EXPECT_EQ(ask("PATCH").status, 405);
    EXPECT_EQ(ask("DELETE").status, 405);
    EXPECT_THAT(ask("OPTIONS").headers.find("Allow"), testing::Optional(std::string_view{"GET, HEAD, OPTIONS"}));
}

TEST_F(EverybodysAccount, TakesNoQuery) { EXPECT_EQ(ask("GET", "owner=1").status, 400); }

}  // namespace
}  // namespace todo
