/// The wire format: which bodies are a todo, which are not and why, and how todos look.
#include "wire.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fcgi_worker/problem.hpp>

namespace todo {
namespace {

using fcgi_worker::FieldError;
using fcgi_worker::Problem;
using testing::AnyOf;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::Optional;
using testing::SizeIs;

const TodoId kId{*Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef")};
const std::string kTodosUrl = "http://localhost:8080/v1/todos";
const std::string kUrl = kTodosUrl + "/0198c0de-abcd-7123-89ab-0123456789ef";

std::string repeat(std::size_t count, const std::string& text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

std::string titled(const std::string& title) { return R"({"title":")" + title + R"("})"; }

/// What `parse` throws for a body.
template <typename Parse>
Problem refusal(Parse parse) {
    try {
        parse();
    } catch (const Problem& problem) {
        return problem;
    }
    ADD_FAILURE() << "was accepted";
    return Problem{0, "", "", ""};
}
Problem refused_create(const std::string& body) {
    return refusal([&] { return parse_new_todo(body); });
}
Problem refused_put(const std::string& body) {
    return refusal([&] { return parse_replacement(body, kId, kUrl); });
}
Problem refused_patch(const std::string& body) {
    return refusal([&] { return parse_patch(body, kId, kUrl); });
}

std::vector<std::string> pointers(const Problem& problem) {
    std::vector<std::string> found;
    for (const FieldError& error : problem.errors()) found.push_back(error.pointer);
    return found;
}

// ---- 400: what is no JSON

struct Malformed {
    std::string body;
    std::string why;
};
void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.body.substr(0, 100); }

class MalformedBody : public testing::TestWithParam<Malformed> {};
TEST_P(MalformedBody, Is400AndSaysWhatAndWhere) {
    const Problem problem = refused_create(GetParam().body);
    EXPECT_EQ(problem.status(), 400);
    EXPECT_EQ(problem.code(), "malformed-json");
    EXPECT_THAT(problem.detail(), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, MalformedBody,
    testing::Values(Malformed{"", "empty"}, Malformed{" ", "incomplete JSON"}, Malformed{"{", "incomplete JSON"},
                    Malformed{R"({"title":"a)", "incomplete JSON"}, Malformed{"title=milk", "syntax error at byte 0 "},
                    Malformed{R"({"title":"a",})", "syntax error at byte 13 "},
                    Malformed{R"({'title':"a"})", "syntax error at byte 1 "},
                    Malformed{R"({"title":"a"} x)", "more text behind its end at byte 14 "},
                    Malformed{R"({"title":"a"}{})", "more text behind its end at byte 13 "},
                    Malformed{R"({"title":"a"/**/})", "syntax error at byte 12 "},
                    Malformed{R"({"order":01})", "syntax error"}, Malformed{R"({"order":+1})", "syntax error"},
                    Malformed{R"({"order":.5})", "syntax error"}, Malformed{R"({"order":NaN})", "syntax error"},
                    Malformed{R"({"order":-Infinity})", "syntax error"}, Malformed{R"({"completed":True})", "syntax"},
                    Malformed{titled("a\nb"), "syntax error"},
                    Malformed{std::string(R"({"title":"a)") + '\0' + "\"}", ""},
                    Malformed{titled("\\x41"), "syntax error"}, Malformed{titled("\\u12G4"), "hex digit"}));

INSTANTIATE_TEST_SUITE_P(
    Encoding, MalformedBody,
    testing::Values(Malformed{"\xEF\xBB\xBF{}", "byte order mark at byte 0 "},
                    Malformed{std::string("\xFF\xFE{\0}\0", 6), "syntax error at byte 0 "},
                    Malformed{titled("\xFF"), "syntax error at byte 10 "},  // never a byte of UTF-8
                    Malformed{titled("\x80"), "syntax error"},              // a tail alone
                    Malformed{titled("\xC3"), "syntax error"},              // a head alone
                    Malformed{titled("\xC0\xAF"), "syntax error"},          // too long for '/'
                    Malformed{titled("\xE0\x80\xAF"), "syntax error"},      //
                    Malformed{titled("\xED\xA0\x80"), "syntax error"},      // a surrogate
                    Malformed{titled("\xF4\x90\x80\x80"), "syntax error"},  // beyond U+10FFFF
                    Malformed{"{\"\xFF\":1}", "syntax error at byte 2 "},   // in a name
                    Malformed{titled("\\ud800"), "syntax error"}, Malformed{titled("\\ud800x"), "syntax error"},
                    Malformed{titled("\\udc00"), "surrogate"}, Malformed{titled("\\ud800\\u0041"), "surrogate"},
                    Malformed{titled("a\\u0000b"), "the character U+0000"},
                    Malformed{R"({"a\u0000":1})", "the character U+0000"},
                    Malformed{R"({"a":["\u0000"]})", "the character U+0000"}));

INSTANTIATE_TEST_SUITE_P(
    NotKept, MalformedBody,
    testing::Values(Malformed{R"({"title":"a","title":"a"})", "the same name twice in one object at byte 19 "},
                    Malformed{R"({"title":"a","t\u0069tle":"a"})", "the same name twice"},
                    Malformed{R"({"x":{"y":[{"z":1,"z":1}]}})", "the same name twice"},
                    Malformed{R"([{"z":1,"z":1}])", "the same name twice"},
                    Malformed{R"({"order":1e400})", "a number that is too large"},
                    Malformed{R"({"x":[-1e400]})", "a number that is too large"},
                    Malformed{R"({"order":)" + repeat(400, "9") + "}", "a number that is too large"},
                    Malformed{repeat(17, "[") + repeat(17, "]"), "too deep"},
                    Malformed{repeat(30'000, "["), "too deep"}, Malformed{repeat(10'000, R"({"a":)"), "too deep"}));

/// Boost.JSON 1.81 refuses such an exponent; 1.83 hands on an infinity.
TEST(ABody, HasNoNumberWithAnExponentThatOverflows) {
    const Problem problem = refused_create(R"({"order":1e99999999999})");
    EXPECT_EQ(problem.status(), 400);
    EXPECT_EQ(problem.code(), "malformed-json");
    EXPECT_THAT(problem.detail(), AnyOf(HasSubstr("exponent overflow"), HasSubstr("a number that is too large")));
}

/// Which Boost.JSON 1.81 refuses by itself.
TEST(ABody, HasNoWholeNumberBehindAnExponentWithoutAnEnd) {
    const Problem problem = refused_create(R"({"title":"a","order":1.5e-9223372036854775808})");
    EXPECT_THAT(problem.code(), AnyOf("malformed-json", "validation-failed"));
}

TEST(ABody, MayNest16DeepWhereItIsRefusedForItsFieldsOnly) {
    EXPECT_EQ(refused_create(R"({"title":"a","x":)" + repeat(15, "[") + repeat(15, "]") + "}").status(), 422);
}

TEST(ABody, MayHaveTheSameNameInTwoObjects) {
    EXPECT_EQ(refused_create(R"({"title":{"a":1},"notes":{"a":1}})").status(), 422);
}

TEST(ABody, MayHaveAnySpaceAroundIt) { EXPECT_EQ(parse_new_todo(" \r\n\t{ \"title\" : \"a\" } \n").title, "a"); }

// ---- 422: JSON, but no todo

struct Invalid {
    std::string body;
    std::string pointer;
};
void PrintTo(const Invalid& invalid, std::ostream* out) { *out << invalid.body.substr(0, 100); }

class InvalidBody : public testing::TestWithParam<Invalid> {};
TEST_P(InvalidBody, Is422AndPointsAtTheFault) {
    const Problem problem = refused_create(GetParam().body);
    EXPECT_EQ(problem.status(), 422);
    EXPECT_EQ(problem.code(), "invalid-fields");
    EXPECT_THAT(pointers(problem), ElementsAre(GetParam().pointer));
}

INSTANTIATE_TEST_SUITE_P(NoObject, InvalidBody,
                         testing::Values(Invalid{"[]", ""}, Invalid{"null", ""}, Invalid{"\"title\"", ""},
                                         Invalid{"1", ""}, Invalid{"true", ""}, Invalid{R"([{"title":"a"}])", ""}));

INSTANTIATE_TEST_SUITE_P(
    Title, InvalidBody,
    testing::Values(Invalid{"{}", "/title"}, Invalid{R"({"title":null})", "/title"},
                    Invalid{R"({"title":1})", "/title"}, Invalid{R"({"title":["a"]})", "/title"},
                    Invalid{R"({"title":{}})", "/title"}, Invalid{titled(""), "/title"},
                    Invalid{titled("   "), "/title"}, Invalid{titled("\\t\\u00a0\\u2003\\u3000"), "/title"},
                    Invalid{titled("\\ufeff\\u200b\\u200d"), "/title"}, Invalid{titled("two\\nlines"), "/title"},
                    Invalid{titled("a\\u0007"), "/title"}, Invalid{titled("a\x7F"), "/title"},
                    Invalid{titled("a\\u0085"), "/title"}, Invalid{titled("a\xC2\x9F"), "/title"},
                    Invalid{titled(repeat(1025, "a")), "/title"}, Invalid{titled(repeat(1025, "ü")), "/title"},
                    Invalid{titled(repeat(1025, "\\ud83d\\ude00")), "/title"}));

INSTANTIATE_TEST_SUITE_P(
    OtherFields, InvalidBody,
    testing::Values(
        Invalid{R"({"title":"a","completed":null})", "/completed"},
        Invalid{R"({"title":"a","completed":"true"})", "/completed"},
        Invalid{R"({"title":"a","completed":1})", "/completed"}, Invalid{R"({"title":"a","order":"1"})", "/order"},
        Invalid{R"({"title":"a","order":true})", "/order"}, Invalid{R"({"title":"a","order":1.5})", "/order"},
        Invalid{R"({"title":"a","order":1e-1})", "/order"}, Invalid{R"({"title":"a","order":1e-400})", "/order"},
        Invalid{R"({"title":"a","order":9007199254740993})", "/order"},
        Invalid{R"({"title":"a","order":-9007199254740993})", "/order"},
        Invalid{R"({"title":"a","order":9007199254740993.0})", "/order"},
        Invalid{R"({"title":"a","order":9007199254740992.0001})", "/order"},
        Invalid{R"({"title":"a","order":9223372036854775808})", "/order"},
        Invalid{R"({"title":"a","order":18446744073709551616})", "/order"},
        Invalid{R"({"title":"a","order":1e300})", "/order"}, Invalid{R"({"title":"a","notes":null})", "/notes"},
        Invalid{R"({"title":"a","notes":7})", "/notes"}, Invalid{R"({"title":"a","notes":"\u001b[2J"})", "/notes"},
        Invalid{R"({"title":"a","notes":")" + repeat(8193, "ü") + "\"}", "/notes"},
        Invalid{R"({"title":"a","priority":1})", "/priority"}, Invalid{R"({"title":"a","Title":"b"})", "/Title"},
        Invalid{R"({"title":"a","":1})", "/"}, Invalid{R"({"title":"a","a/b~c":1})", "/a~1b~0c"},
        Invalid{R"({"title":"a","order":null,"tags":["x",{"y":1}]})", "/tags"}));

INSTANTIATE_TEST_SUITE_P(
    ReadOnlyInAPost, InvalidBody,
    testing::Values(Invalid{R"({"title":"a","id":"0198c0de-abcd-7123-89ab-0123456789ef"})", "/id"},
                    Invalid{R"({"title":"a","url":"http://localhost:8080/v1/todos/1"})", "/url"},
                    Invalid{R"({"title":"a","created_at":"2026-01-31T08:15:00.123Z"})", "/created_at"},
                    Invalid{R"({"title":"a","updated_at":"2026-01-31T08:15:00.123Z"})", "/updated_at"},
                    Invalid{R"({"title":"a","version":1})", "/version"}));

TEST(AnInvalidBody, ListsAllItsFaultsInTheOrderTheyCame) {
    const Problem problem = refused_create(R"({"order":"first","title":" ","done":true,"id":"7"})");
    EXPECT_THAT(pointers(problem), ElementsAre("/order", "/title", "/done", "/id"));
}

TEST(AnInvalidBody, ListsNoMoreThan20Faults) {
    std::string body = "{\"0\":0";
    for (int i = 1; i < 1000; ++i) body += ",\"" + std::to_string(i) + "\":0";
    EXPECT_THAT(refused_create(body + "}").errors(), SizeIs(20));
}

// ---- What is a todo

TEST(ANewTodo, NeedsATitleOnly) {
    EXPECT_EQ(parse_new_todo(titled("milk")), (Content{"milk", false, std::nullopt, ""}));
}

TEST(ANewTodo, MayHaveAllThatAClientSays) {
    const Content content = parse_new_todo(
        R"({"title":"milk","completed":true,"order":7,"notes":"2 l\n\t\"fresh\"\r\n\u00fc\ud83d\ude00"})");
    EXPECT_EQ(content, (Content{"milk", true, 7, "2 l\n\t\"fresh\"\r\nü😀"}));
}

TEST(ANewTodo, MayBeAsLongAsTheLimits) {
    const Content content = parse_new_todo(R"({"title":")" + repeat(1024, "😀") + R"(","notes":")" + repeat(7680, "ü") +
                                           repeat(512, "\\u00fc") + "\"}");
    EXPECT_THAT(content.title, SizeIs(4 * 1024));
    EXPECT_THAT(content.notes, SizeIs(2 * 8192));
}

struct Order {
    std::string text;
    std::optional<std::int64_t> value;
};
void PrintTo(const Order& order, std::ostream* out) { *out << order.text; }
class AnOrder : public testing::TestWithParam<Order> {};
TEST_P(AnOrder, IsAWholeNumberHoweverItIsWritten) {
    EXPECT_EQ(parse_new_todo(R"({"title":"a","order":)" + GetParam().text + "}").order, GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(Numbers, AnOrder,
                         testing::Values(Order{"null", std::nullopt}, Order{"0", 0}, Order{"-0", 0}, Order{"-0.0", 0},
                                         Order{"0e400", 0}, Order{"523", 523}, Order{"1.0", 1}, Order{"1e3", 1000},
                                         Order{"-1.5E+1", -15}, Order{"1200e-2", 12}, Order{"0.0005e4", 5},
                                         Order{"9007199254740992", kOrderLimit},
                                         Order{"-9007199254740992", -kOrderLimit},
                                         Order{"9.007199254740992e15", kOrderLimit},
                                         Order{"1" + repeat(20, "0") + "e-20", 1}));

// ---- PUT and PATCH

TEST(APut, SetsWhatItDoesNotNameToItsDefault) {
    EXPECT_EQ(parse_replacement(titled("milk"), kId, kUrl).content, (Content{"milk", false, std::nullopt, ""}));
}

TEST(APut, NeedsATitle) { EXPECT_THAT(pointers(refused_put(R"({"completed":true})")), ElementsAre("/title")); }

TEST(APut, TakesATodoAsItWasSent) {
    Todo todo{
        kId, {"milk", true, -3, "2 l"}, Timestamp{std::chrono::seconds{1}}, Timestamp{std::chrono::seconds{2}}, 5};
    const Replacement replacement = parse_replacement(to_json(todo, kTodosUrl), kId, kUrl);
    EXPECT_EQ(replacement.content, todo.content);
    EXPECT_EQ(replacement.unchanged, (ReadOnlyFields{todo.created_at, todo.updated_at, 5}));
}

TEST(APatch, ChangesOnlyWhatItNames) {
    EXPECT_EQ(parse_patch("{}", kId, kUrl).changes, Changes{});
    EXPECT_EQ(parse_patch(R"({"completed":true})", kId, kUrl).changes, (Changes{{}, true, {}, {}}));
}

TEST(APatch, TakesAwayAnOrderAndTheNotesWithNull) {
    const Changes changes = parse_patch(R"({"order":null,"notes":null})", kId, kUrl).changes;
    EXPECT_THAT(changes.order, Optional(Eq(std::nullopt)));
    EXPECT_THAT(changes.notes, Optional(Eq("")));
}

TEST(APatch, CannotTakeAwayWhatATodoMustHave) {
    EXPECT_THAT(pointers(refused_patch(R"({"title":null,"completed":null,"id":null,"version":null})")),
                ElementsAre("/title", "/completed", "/id", "/version"));
}

TEST(APatch, MayRepeatItsIdInUpperCase) {
    EXPECT_NO_THROW(
        (void)parse_patch(R"({"id":"0198C0DE-ABCD-7123-89AB-0123456789EF","url":")" + kUrl + "\"}", kId, kUrl));
}

class ChangedReadOnly : public testing::TestWithParam<Invalid> {};
TEST_P(ChangedReadOnly, IsRefusedByPutAndPatch) {
    EXPECT_THAT(pointers(refused_patch("{" + GetParam().body + "}")), ElementsAre(GetParam().pointer));
    EXPECT_THAT(pointers(refused_put(R"({"title":"a",)" + GetParam().body + "}")), ElementsAre(GetParam().pointer));
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ChangedReadOnly,
    testing::Values(Invalid{R"("id":"0198c0de-abcd-7123-89ab-0123456789ee")", "/id"}, Invalid{R"("id":7)", "/id"},
                    Invalid{R"("url":"http://elsewhere/v1/todos/0198c0de-abcd-7123-89ab-0123456789ef")", "/url"},
                    Invalid{R"("url":null)", "/url"}, Invalid{R"("created_at":"yesterday")", "/created_at"},
                    Invalid{R"("created_at":1769847300123)", "/created_at"},
                    Invalid{R"("updated_at":"2026-02-30T00:00:00.000Z")", "/updated_at"},
                    Invalid{R"("version":"1")", "/version"}, Invalid{R"("version":0)", "/version"},
                    Invalid{R"("version":1.5)", "/version"}));

// ---- How todos look

TEST(ATodoAsJson, HasItsFieldsInOneOrder) {
    const Todo todo{kId,
                    {"milk", false, std::nullopt, ""},
                    Timestamp{std::chrono::milliseconds{1'769'847'300'123}},
                    Timestamp{std::chrono::milliseconds{1'769'847'300'124}},
                    2};
    EXPECT_EQ(
        to_json(todo, kTodosUrl),
        R"({"id":"0198c0de-abcd-7123-89ab-0123456789ef","url":")" + kUrl +
            R"(","title":"milk","completed":false,"order":null,"notes":"","created_at":"2026-01-31T08:15:00.123Z",)" +
            R"("updated_at":"2026-01-31T08:15:00.124Z","version":2})");
}

TEST(ATodoAsJson, EscapesWhatJsonReservesAndNothingElse) {
    Todo todo;
    todo.content.title = "\"a\\b\" ü😀/";
    todo.content.notes = "1\n2\r\n\t\x01";
    EXPECT_THAT(to_json(todo, kTodosUrl), HasSubstr(R"("title":"\"a\\b\" ü😀/",)"));
    EXPECT_THAT(to_json(todo, kTodosUrl), HasSubstr(R"("notes":"1\n2\u000d\n\u0009\u0001",)"));
}

TEST(TodosAsJson, AreABareArray) {
    const Todo todo;
    const std::string one = to_json(todo, kTodosUrl);
    EXPECT_EQ(to_json(std::vector<Todo>{}, kTodosUrl), "[]");
    EXPECT_EQ(to_json(std::vector<Todo>{todo, todo}, kTodosUrl), "[" + one + "," + one + "]");
}

}  // namespace
}  // namespace todo
