/// Whether somebody has an account, as a stranger sees it who tries to sign in.
#include "people.hpp"
#include "timing.hpp"

namespace api {
namespace {

TEST(SignIn, DoesNotTellAWrongPasswordFromAnUnknownEmail) {
    const User user = given_user();
    ASSERT_THAT(sign_in(user.email, "wrong horse"), IsProblem(401, "wrong-credentials"));

    expect_kept({.name = "a wrong password, an unknown email",
                 .path = kSessions,
                 .first = [&] { return credentials(user.email, "wrong horse"); },
                 .second = [] { return credentials(new_email(), "wrong horse"); }});
}

}  // namespace
}  // namespace api
