// Links in mails, through nginx, the workers, PostgreSQL and the program that takes the mails of a stack as ./todo up
// makes it.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "../patience.hpp"
#include "people.hpp"
#include "timing.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kVerify = "/v1/email-verifications";
constexpr const char* kConfirmEmail = "/v1/email-verifications/confirm";
constexpr const char* kReset = "/v1/password-resets";
constexpr const char* kConfirmReset = "/v1/password-resets/confirm";
constexpr const char* kNewPassword = "another staple, by far";

std::string body(const char* name, const std::string& value) {
    return "{\"" + std::string{name} + "\":" + quoted(value) + "}";
}
std::string reset(const std::string& code, const std::string& password = kNewPassword) {
    return R"({"code":)" + quoted(code) + R"(,"password":)" + quoted(password) + "}";
}

/// Somebody who reads what comes to his email.
struct Reader : User {
    Reader() : User(given_user()) {}

    /// As they came.
    [[nodiscard]] std::vector<std::string> mails() const {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator{stack::setting("MAIL")}) {
            if (entry.path().extension() == ".eml") files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        std::vector<std::string> found;
        for (const auto& path : files) {
            std::ifstream file{path};
            std::string text{std::istreambuf_iterator<char>{file}, {}};
            if (text.find("\nTo: " + email + "\n") != std::string::npos) found.push_back(std::move(text));
        }
        return found;
    }
    /// What stands in the newest mail's link, behind "#purpose=".
    [[nodiscard]] std::string code(const std::string& purpose, std::size_t mails_so_far = 1) const {
        EXPECT_TRUE(comes_true([&] { return mails().size() >= mails_so_far; })) << "no mail came";
        const std::vector<std::string> all = mails();
        if (all.empty()) return {};
        const std::string begin = stack::setting("PAGE_URL") + "#" + purpose + "=";
        const std::size_t at = all.back().find(begin);
        EXPECT_NE(at, std::string::npos) << all.back();
        if (at == std::string::npos) return {};
        const std::size_t first = at + begin.size();
        return all.back().substr(first, all.back().find('\n', first) - first);
    }
    [[nodiscard]] std::string is_verified() const { return json_at(get(kAccount, headers()), "/email_verified"); }
};

TEST(EmailVerification, GoesByALinkThatIsGoodOnce) {
    const Reader ada;
    EXPECT_EQ(ada.is_verified(), "false");
    EXPECT_THAT(post(kVerify, "", ada.headers()), AllOf(Answers(202)));
    const std::string code = ada.code("verify-email");

    EXPECT_THAT(post(kConfirmEmail, body("code", code)), Answers(204));
    EXPECT_EQ(ada.is_verified(), "true");
    EXPECT_THAT(post(kConfirmEmail, body("code", code)), IsProblem(410, "link-ended"));
    EXPECT_THAT(post(kVerify, "{}", ada.headers()), IsProblem(409, "nothing-to-verify"));
}

TEST(EmailVerification, IsForWhoHasAnEmail) {
    const Headers headers = given_visitor().headers();
    EXPECT_THAT(post(kVerify, "{}"), IsProblem(401, "not-signed-in"));
}

TEST(EmailVerification, SendsOneMailInAWhile) {
    const Reader ada;
    for (int i = 0; i < 3; ++i) EXPECT_THAT(post(kVerify, "{}", ada.headers()), Answers(202));
    const Reader next;  // whose mail comes behind all of hers, where one thread sends them
    EXPECT_THAT(post(kVerify, "{}", next.headers()), Answers(202));
    EXPECT_NE(next.code("verify-email"), "");
    EXPECT_NE(ada.code("verify-email"), "");
    EXPECT_THAT(ada.mails(), SizeIs(1));
}

TEST(PasswordReset, GoesByALinkThatIsGoodOnce) {
    const Reader ada;
    EXPECT_THAT(post(kReset, body("email", ada.email)), Answers(202));
    const std::string code = ada.code("reset-password");

    EXPECT_THAT(post(kConfirmReset, reset(code)), Answers(204));
    EXPECT_THAT(sign_in(ada.email, kPassword), IsProblem(401, "wrong-credentials"));
    const Answer session = sign_in(ada.email, kNewPassword);
    EXPECT_THAT(session, Answers(201));
    EXPECT_THAT(get(kAccount, {{"Authorization", "Bearer " + text_at(session, "/access_token")}}), Answers(200))
        << "it is no token of before, though it is of the same second";
    EXPECT_EQ(json_at(session, "/account/email_verified"), "true");
    EXPECT_THAT(post(kConfirmReset, reset(code)), IsProblem(410, "link-ended"));
}

TEST(PasswordReset, SignsEverybodyOut) {
    const Reader ada;
    EXPECT_THAT(post(kReset, body("email", ada.email)), Answers(202));
    const std::string code = ada.code("reset-password");
    EXPECT_THAT(post(kConfirmReset, reset(code)), Answers(204));
    EXPECT_THAT(refresh(ada.refresh), IsProblem(401, "session-ended"));
    std::this_thread::sleep_for(std::chrono::seconds{2});  // as long as docs/security.md says
    for (int i = 0; i < 20; ++i) EXPECT_THAT(get(kAccount, ada.headers()), IsProblem(401, "revoked"));
}

TEST(PasswordReset, SaysNothingOfWhetherThereIsAnAccount) {
    const Reader ada;
    const std::string stranger = new_email();
    const Answer known = post(kReset, body("email", ada.email));
    const Answer unknown = post(kReset, body("email", stranger));
    EXPECT_EQ(known.status, 202);
    EXPECT_EQ(unknown.status, 202);
    EXPECT_EQ(known.body, unknown.body);
    EXPECT_EQ(known.headers.size(), unknown.headers.size());
    EXPECT_NE(ada.code("reset-password"), "");
    for (const auto& entry : std::filesystem::directory_iterator{stack::setting("MAIL")}) {
        std::ifstream file{entry.path()};
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}).find(stranger), std::string::npos);
    }
}

// One mail in five minutes goes out to the known email; what a request costs that needs none is measured. What the
// worker does after an answer is seen too: three times of four the next request is of the other kind.
TEST(PasswordReset, DoesNotTellAKnownEmailByItsTime) {
    const Reader ada;
    EXPECT_THAT(post(kReset, body("email", ada.email)), Answers(202));
    EXPECT_NE(ada.code("reset-password"), "");
    expect_kept({.name = "a new password, for a known and an unknown email",
                 .path = kReset,
                 .first = [&] { return body("email", ada.email); },
                 .second = [] { return body("email", new_email()); },
                 .pairs = 300});
}

TEST(PasswordReset, TakesTheEmailInAnyCase) {
    const Reader ada;
    std::string upper = ada.email;
    upper[0] = 'A';
    EXPECT_THAT(post(kReset, body("email", upper)), Answers(202));
    EXPECT_NE(ada.code("reset-password"), "") << "it goes to the address as it was given at sign-up";
}

TEST(PasswordReset, RefusesAPasswordBeforeItUsesTheLink) {
    const Reader ada;
    EXPECT_THAT(post(kReset, body("email", ada.email)), Answers(202));
    const std::string code = ada.code("reset-password");
    EXPECT_THAT(post(kConfirmReset, reset(code, "short")), IsProblem(422, "invalid-fields", "/password"));
    EXPECT_THAT(post(kConfirmReset, reset(code)), Answers(204));
}

TEST(LinksInMails, ThatAreNotGoodAreGone) {
    const Reader ada;
    EXPECT_THAT(post(kReset, body("email", ada.email)), Answers(202));
    const std::string code = ada.code("reset-password");
    std::string changed = code;
    changed[30] = changed[30] == 'A' ? 'B' : 'A';
    for (const std::string& bad : {changed, code.substr(1), code + "A", std::string{"x"}, std::string{}, code + "="}) {
        EXPECT_THAT(post(kConfirmReset, reset(bad)), IsProblem(410, "link-ended")) << bad;
        EXPECT_THAT(post(kConfirmEmail, body("code", bad)), IsProblem(410, "link-ended")) << bad;
    }
    EXPECT_THAT(post(kConfirmEmail, body("code", code)), IsProblem(410, "link-ended")) << "it is for something else";
    EXPECT_THAT(post(kConfirmReset, reset(code)), Answers(204));
}

TEST(LinksInMails, EndpointsNameEachFieldThatIsWrong) {
    const Reader ada;
    const auto expect = [](const char* path, const std::string& sent, const char* pointer,
                           const Headers& headers = {}) {
        EXPECT_THAT(post(path, sent, headers), IsProblem(422, "invalid-fields", pointer)) << path << ' ' << sent;
    };
    expect(kVerify, R"({"email":"ada@example.org"})", "/email", ada.headers());
    expect(kVerify, "[]", "", ada.headers());
    expect(kReset, "{}", "/email");
    expect(kReset, R"({"email":1})", "/email");
    expect(kReset, R"({"email":"ada"})", "/email");
    expect(kReset, R"({"email":"ada@example.org","name":"Ada"})", "/name");
    expect(kReset, body("email", std::string(300, 'a') + "@example.org"), "/email");
    expect(kConfirmEmail, "{}", "/code");
    expect(kConfirmEmail, R"({"code":null})", "/code");
    expect(kConfirmReset, R"({"code":"x"})", "/password");
    expect(kConfirmReset, R"({"password":"correct horse"})", "/code");
    expect(kConfirmReset, R"({"code":["x"],"password":"correct horse"})", "/code");
    expect(kConfirmReset, reset("x", std::string(257, 'a')), "/password");
    expect(kConfirmReset, reset("x", "password1"), "/password");
    for (const char* path : {kReset, kConfirmEmail, kConfirmReset}) {
        EXPECT_THAT(post(path, ""), IsProblem(400, "malformed-json")) << path;
        EXPECT_THAT(post(path, R"({"code":"a","code":"a"})"), IsProblem(400, "malformed-json")) << path;
        EXPECT_THAT(post(path, "{\"code\":\"\xff\"}"), IsProblem(400, "malformed-json")) << path;
        EXPECT_THAT(post(path, "{}", {{"Content-Type", "text/plain"}}), IsProblem(415, "unsupported-media-type"))
            << path;
        EXPECT_THAT(post(std::string{path} + "?a=1", "{}"), IsProblem(400, "invalid-query")) << path;
    }
}

}  // namespace
}  // namespace api
