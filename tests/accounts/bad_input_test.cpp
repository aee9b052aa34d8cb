/// Bad input about accounts: every field of every request, and headers that come twice. Each gets the right problem,
/// and nothing is changed.
#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "people.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::Combine;
using testing::Values;
using testing::ValuesIn;

/// Of these tests. Nothing that they do changes him.
const User& somebody() {
    static const User user = given_user();
    return user;
}

// ---- Each field.

struct Field {
    const char* what;  ///< In the test's name.
    const char* method;
    const char* path;
    const char* name;
    std::string others;  ///< Members that stand before it.
    bool is_required;
};

const std::string kSomeEmail = R"("email":"ada@example.org",)";
const std::string kSomePassword = R"("password":"correct horse battery",)";

const std::vector<Field> kFields{
    {"EmailOfASignUp", "POST", kAccounts, "email", kSomePassword, true},
    {"PasswordOfASignUp", "POST", kAccounts, "password", kSomeEmail, true},
    {"EmailOfASignIn", "POST", kSessions, "email", kSomePassword, true},
    {"PasswordOfASignIn", "POST", kSessions, "password", kSomeEmail, true},
    {"TokenOfARefresh", "POST", kRefresh, "refresh_token", "", true},
    {"EmailOfAChange", "PATCH", kAccount, "email", R"("current_password":"correct horse battery",)", false},
    {"PasswordOfAChange", "PATCH", kAccount, "password", R"("current_password":"correct horse battery",)", false},
    {"CurrentPasswordOfAChange", "PATCH", kAccount, "current_password", R"("password":"another horse",)", true},
    {"PasswordOfARemoval", "DELETE", kAccount, "password", "", true},
};

struct Value {
    const char* what;
    std::string json;
};

/// It stands as the field's value, and whatever follows it.
const std::vector<Value> kNoTexts{
    {"Null", "null"},         {"True", "true"},
    {"Number", "12345678"},   {"List", R"(["ada@example.org"])"},
    {"EmptyObject", R"({})"}, {"Object", R"({"$ne":"ada@example.org"})"},
};
const std::vector<Value> kMalformed{
    {"Latin1", "\"\xe4\x64\x61@example.org\""},
    {"InvalidUtf8", "\"ada\xff@example.org\""},
    {"Utf8CutShort", "\"ada@example.org\xe2\x82\""},
    {"OverlongUtf8", "\"ada\xc0\xaf@example.org\""},
    {"SurrogateInUtf8", "\"ada\xed\xa0\x80@example.org\""},
    {"LoneSurrogate", R"("ada\ud800@example.org")"},
    {"EscapedNul", R"("ada@example.org\u0000")"},
    {"RawNul", std::string("\"ada\0@example.org\"", 18)},
    {"RawNewline", "\"ada@example.org\n\""},
    {"CutShort", "\"ada@example.org"},
};

std::string body_of(const Field& field, const std::string& value) {
    return "{" + field.others + "\"" + field.name + "\":" + value + "}";
}

/// Who need not be signed in sends no token.
Headers headers_for(const std::string& path) { return path == kAccount ? somebody().headers() : Headers{}; }

Answer send_body(const Field& field, const std::string& body) {
    Headers headers = headers_for(field.path);
    headers.emplace_back("Content-Type", "application/json");
    return send_as_it_is(field.method, field.path, headers, body);
}

struct BadField : testing::TestWithParam<std::tuple<Field, Value>> {
    const Field& field = std::get<0>(GetParam());
    const Value& value = std::get<1>(GetParam());
    const std::string pointer = std::string{"/"} + field.name;

    static std::string name_of(const testing::TestParamInfo<ParamType>& info) {
        return std::string{std::get<0>(info.param).what} + "_" + std::get<1>(info.param).what;
    }
};
void PrintTo(const Field& field, std::ostream* out) { *out << field.what; }
void PrintTo(const Value& value, std::ostream* out) { *out << value.what; }

using ValueThatIsNoText = BadField;
TEST_P(ValueThatIsNoText, IsNamed) {
    EXPECT_THAT(send_body(field, body_of(field, value.json)), IsProblem(422, "invalid-fields", pointer));
}
INSTANTIATE_TEST_SUITE_P(Of, ValueThatIsNoText, Combine(ValuesIn(kFields), ValuesIn(kNoTexts)), BadField::name_of);

struct MalformedValue : BadField {};
TEST_P(MalformedValue, IsNoJson) {
    EXPECT_THAT(send_body(field, body_of(field, value.json)), IsProblem(400, "malformed-json"));
}
INSTANTIATE_TEST_SUITE_P(Of, MalformedValue, Combine(ValuesIn(kFields), ValuesIn(kMalformed)), BadField::name_of);

struct EachField : testing::TestWithParam<Field> {
    const std::string name = GetParam().name;
    const std::string pointer = "/" + name;
};
std::string name_of_field(const testing::TestParamInfo<Field>& info) { return info.param.what; }
INSTANTIATE_TEST_SUITE_P(Is, EachField, ValuesIn(kFields), name_of_field);

TEST_P(EachField, IsRefusedWhereItComesTwice) {
    const std::string twice = R"("ada@example.org",")" + name + R"(":"ada@example.org")";
    EXPECT_THAT(send_body(GetParam(), body_of(GetParam(), twice)), IsProblem(400, "malformed-json"));
}

TEST_P(EachField, IsRefusedWhereItComesTwiceInDisguise) {
    const std::string twice = R"("ada@example.org","\u00)" + std::string{"0123456789abcdef"[name[0] >> 4]} +
                              "0123456789abcdef"[name[0] & 15] + name.substr(1) + R"(":"ada@example.org")";
    EXPECT_THAT(send_body(GetParam(), body_of(GetParam(), twice)), IsProblem(400, "malformed-json"));
}

TEST_P(EachField, HasItsOwnNameAlone) {
    for (const std::string other : {"owner_id", "email_verified", "Email", "password ", "is_admin"}) {
        const std::string with_another = "\"x\",\"" + other + "\":\"x\"";
        EXPECT_THAT(send_body(GetParam(), body_of(GetParam(), with_another)),
                    IsProblem(422, "invalid-fields", "/" + other));
    }
}

/// What is left out of a change stays; all others have to be there.
struct RequiredField : EachField {};

std::vector<Field> required_fields() {
    std::vector<Field> found;
    std::copy_if(kFields.begin(), kFields.end(), std::back_inserter(found),
                 [](const Field& field) { return field.is_required; });
    return found;
}
INSTANTIATE_TEST_SUITE_P(Is, RequiredField, ValuesIn(required_fields()), name_of_field);

TEST_P(RequiredField, IsNamedWhereItIsMissing) {
    std::string others = "{" + GetParam().others;
    if (others.ends_with(',')) others.pop_back();
    EXPECT_THAT(send_body(GetParam(), others + "}"), IsProblem(422, "invalid-fields", pointer));
}

TEST_P(EachField, IsNoReasonToTakeMoreThanABodyMayHave) {
    const std::string long_one = quoted(std::string(100'000, 'a'));
    EXPECT_THAT(send_body(GetParam(), body_of(GetParam(), long_one)), IsProblem(413, "payload-too-large"));
}

/// What is as long as a body may have it, and what is one character too long.
TEST(TooLong, IsNamedInWhatIsKept) {
    const std::string long_email = quoted(std::string(64, 'a') + "@" + std::string(60, 'b') + "." +
                                          std::string(60, 'b') + "." + std::string(60, 'b') + ".example");
    ASSERT_EQ(long_email.size(), 257U) << "of which two are quotes";
    for (const Field& field : {kFields[0], kFields[5]}) {
        EXPECT_THAT(send_body(field, body_of(field, long_email)), IsProblem(422, "invalid-fields", "/email"));
        EXPECT_THAT(send_body(field, body_of(field, quoted(std::string(60'000, 'a')))),
                    IsProblem(422, "invalid-fields", "/email"));
    }
    for (const Field& field : {kFields[1], kFields[6]}) {
        for (const std::size_t length : {257U, 60'000U}) {
            EXPECT_THAT(send_body(field, body_of(field, quoted(std::string(length, 'a')))),
                        IsProblem(422, "invalid-fields", "/password"));
        }
    }
}

TEST(TooLong, IsWrongWhereSomethingIsCompared) {
    const std::string long_one(60'000, 'a');
    EXPECT_THAT(sign_in(long_one), IsProblem(401, "wrong-credentials"));
    EXPECT_THAT(sign_in(somebody().email, long_one), IsProblem(401, "wrong-credentials"));
    EXPECT_THAT(refresh(long_one), IsProblem(401, "session-ended"));
    EXPECT_THAT(patch(kAccount, R"({"password":"another horse","current_password":)" + quoted(long_one) + "}",
                      somebody().headers()),
                IsProblem(403, "wrong-password"));
    EXPECT_THAT(remove_with(kAccount, R"({"password":)" + quoted(long_one) + "}", somebody().headers()),
                IsProblem(403, "wrong-password"));
}

TEST(Passwords, MayHaveAnythingThatIsText) {
    const std::string email = new_email();
    const std::string password = "\t '\"\\;--%00 \xf0\x9f\xaa\xb4 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \x01";
    ASSERT_THAT(post(kAccounts, credentials(email, password)), Answers(201));
    EXPECT_THAT(sign_in(email, password), Answers(201));
    EXPECT_THAT(sign_in(email, password + " "), IsProblem(401, "wrong-credentials"));
}

// ---- Each request.

struct Endpoint {
    const char* what;
    const char* method;
    const char* path;
};
void PrintTo(const Endpoint& endpoint, std::ostream* out) { *out << endpoint.what; }
std::string name_of_endpoint(const testing::TestParamInfo<Endpoint>& info) { return info.param.what; }

struct EndpointTest : testing::TestWithParam<Endpoint> {
    /// Headers that come behind those of somebody who is signed in.
    [[nodiscard]] static Answer ask(const Headers& more, const std::string& body, const std::string& query = "") {
        Headers headers = somebody().headers();
        headers.insert(headers.end(), more.begin(), more.end());
        return send_as_it_is(GetParam().method, GetParam().path + query, headers, body);
    }
};

const std::pair<std::string, std::string> kJson{"Content-Type", "application/json"};
const std::pair<std::string, std::string> kText{"Content-Type", "text/plain"};

struct RequestWithABody : EndpointTest {};
INSTANTIATE_TEST_SUITE_P(Of, RequestWithABody,
                         Values(Endpoint{"SignUp", "POST", kAccounts}, Endpoint{"SignIn", "POST", kSessions},
                                Endpoint{"Refresh", "POST", kRefresh}, Endpoint{"Change", "PATCH", kAccount},
                                Endpoint{"Removal", "DELETE", kAccount}),
                         name_of_endpoint);

TEST_P(RequestWithABody, TakesJson) {
    for (const std::string& body : {std::string{" "}, std::string{"email=ada@example.org"}, std::string{"{\"email\":"},
                                    std::string{"{}{}"}, std::string{"\xef\xbb\xbf{}"}, std::string{"{} //"},
                                    R"({"x":)" + std::string(17, '[') + std::string(17, ']') + "}",
                                    R"({"x":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}"}) {
        EXPECT_THAT(ask({kJson}, body), IsProblem(400, "malformed-json")) << body.substr(0, 100);
    }
}

TEST_P(RequestWithABody, TakesAnObject) {
    for (const char* body : {"null", "true", "1", R"("email")", "[]", R"([{"email":"ada@example.org"}])"}) {
        EXPECT_THAT(ask({kJson}, body), IsProblem(422, "invalid-fields", "")) << body;
    }
}

TEST_P(RequestWithABody, TakesItAsJsonInUtf8AndNotCompressed) {
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                             "application/jsonx", "application/json; charset=latin1", ";;=/", ""}) {
        EXPECT_THAT(ask({{"Content-Type", type}}, "{}"), IsProblem(415, "unsupported-media-type")) << type;
    }
    EXPECT_THAT(ask({}, "{}"), IsProblem(415, "unsupported-media-type"));
    EXPECT_THAT(ask({kJson, {"Content-Encoding", "gzip"}}, "{}"), IsProblem(415, "unsupported-media-type"));
    EXPECT_THAT(ask({kJson, {"Content-Encoding", "identity"}, {"Content-Encoding", "gzip"}}, "{}"),
                IsProblem(415, "unsupported-media-type"));
}

TEST_P(RequestWithABody, TakesTheFirstContentTypeOfTwo) {
    EXPECT_THAT(ask({kText, kJson}, "[]"), IsProblem(415, "unsupported-media-type"));
    EXPECT_THAT(ask({kJson, kText}, "[]"), IsProblem(422, "invalid-fields", ""));
    EXPECT_THAT(ask({kJson, kJson}, "[]"), IsProblem(422, "invalid-fields", ""));
}

struct EveryRequest : EndpointTest {};
INSTANTIATE_TEST_SUITE_P(Of, EveryRequest,
                         Values(Endpoint{"SignUp", "POST", kAccounts}, Endpoint{"SignIn", "POST", kSessions},
                                Endpoint{"Refresh", "POST", kRefresh}, Endpoint{"SignOut", "DELETE", kCurrent},
                                Endpoint{"SignOutEverywhere", "DELETE", kSessions}, Endpoint{"Look", "GET", kAccount},
                                Endpoint{"Change", "PATCH", kAccount}, Endpoint{"Removal", "DELETE", kAccount}),
                         name_of_endpoint);

TEST_P(EveryRequest, TakesNoQuery) {
    for (const char* query : {"?a=1", "?email=ada@example.org", "?access_token=x", "?x"}) {
        EXPECT_THAT(ask({kJson}, "", query), IsProblem(400, "invalid-query")) << query;
    }
}

TEST_P(EveryRequest, TakesHeadersOnceOfWhichThereIsOne) {
    const auto authorization = somebody().headers().front();
    EXPECT_THAT(ask({kJson, authorization}, "{}"), IsProblem(400, "bad-request"));
    EXPECT_THAT(ask({kJson, {"Authorization", "Bearer x"}}, "{}"), IsProblem(400, "bad-request"));
    EXPECT_THAT(ask({kJson, {"authorization", ""}}, "{}"), IsProblem(400, "bad-request"));
    EXPECT_THAT(ask({kJson, {"Host", "127.0.0.1"}}, "{}"), IsProblem(400, "bad-request"));
    EXPECT_THAT(ask({kJson, {"Content-Length", "2"}}, "{}"), IsProblem(400, "bad-request"));
    EXPECT_THAT(ask({kJson, {"Transfer-Encoding", "chunked"}}, "{}"), IsProblem(400, "bad-request"));
}

TEST_P(EveryRequest, HasNoHeaderOfAHundredKilobytes) {
    const std::string long_one(100'000, 'a');
    EXPECT_THAT(send_as_it_is(GetParam().method, GetParam().path, {{"Authorization", "Bearer " + long_one}}, ""),
                IsProblem(431, "headers-too-large"));
    EXPECT_THAT(ask({{"Idempotency-Key", long_one}}, ""), IsProblem(431, "headers-too-large"));
}

struct RequestOfSomebody : EndpointTest {};
INSTANTIATE_TEST_SUITE_P(Of, RequestOfSomebody,
                         Values(Endpoint{"SignOut", "DELETE", kCurrent},
                                Endpoint{"SignOutEverywhere", "DELETE", kSessions}, Endpoint{"Look", "GET", kAccount},
                                Endpoint{"Change", "PATCH", kAccount}, Endpoint{"Removal", "DELETE", kAccount}),
                         name_of_endpoint);

TEST_P(RequestOfSomebody, TakesNoTokenThatIsNone) {
    const auto ask_with = [](const std::string& authorization) {
        return send_as_it_is(GetParam().method, GetParam().path, {{"Authorization", authorization}, kJson}, "{}");
    };
    const std::string good = somebody().access;
    const std::string two = std::string{good}.append(",").append(good);
    for (const std::string& none : {std::string{}, std::string{"Bearer"}, std::string{"Basic YTpi"}, good}) {
        EXPECT_THAT(ask_with(none), IsProblem(401, "not-signed-in")) << none;
    }
    for (const std::string& bad :
         {std::string{"\xff\xfe"}, std::string{".."}, std::string(4096, 'a'), std::string(8000, 'a'), good + " x", two,
          good.substr(0, good.size() - 1), good + "A", somebody().refresh}) {
        EXPECT_THAT(ask_with("Bearer " + bad), IsProblem(401, "invalid-token")) << bad;
    }
}

TEST_P(RequestOfSomebody, TakesNoTokenInAnotherPlace) {
    const Headers headers{{"X-Authorization", "Bearer " + somebody().access}, kJson};
    EXPECT_THAT(send_as_it_is(GetParam().method, GetParam().path, headers, "{}"), IsProblem(401, "not-signed-in"));
}

TEST(BadInput, HasChangedNothing) {
    const Answer account = get(kAccount, somebody().headers());
    EXPECT_EQ(text_at(account, "/email"), somebody().email);
    EXPECT_THAT(refresh(somebody().refresh), Answers(200));
    EXPECT_THAT(sign_in(somebody().email), Answers(201));
}

// ---- What a client may send twice, or for nothing.

TEST(IdempotencyKeys, AreNoMatterOfAccounts) {
    const auto sign_up = [](const Headers& keys) {
        Headers headers{kJson};
        headers.insert(headers.end(), keys.begin(), keys.end());
        return send_as_it_is("POST", kAccounts, headers, "{}");
    };
    const Answer first = sign_up({{"Idempotency-Key", "a"}});
    const Answer second = sign_up({{"Idempotency-Key", "a"}});
    EXPECT_THAT(first, Answers(201));
    EXPECT_THAT(second, Answers(201));
    EXPECT_NE(text_at(first, "/account/id"), text_at(second, "/account/id")) << "secrets are answered once";
    EXPECT_THAT(sign_up({{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}), Answers(201));
}

}  // namespace
}  // namespace api
