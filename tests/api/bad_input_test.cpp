/// Bad input: the right problem, nothing stored, and the service goes on.
#include "api_test.hpp"

namespace api {
namespace {

struct BadBody {
    const char* name;
    std::string body;
    int status;
    const char* code;
    const char* pointer;  ///< "-": none is promised.
    const char* content_type = "application/json";
};

std::string text_of(std::size_t count, const char* text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

BadBody malformed(const char* name, std::string body) { return {name, std::move(body), 400, "malformed-json", "-"}; }
BadBody invalid(const char* name, std::string body, const char* pointer) {
    return {name, std::move(body), 422, "invalid-fields", pointer};
}

std::string name_of(const testing::TestParamInfo<BadBody>& info) { return info.param.name; }

/// Bodies that no write takes: neither a create, nor a replacement, nor a patch.
struct BadBodyOfAWrite : ApiTest, testing::WithParamInterface<BadBody> {
    const Headers type{{"Content-Type", GetParam().content_type}};
};

TEST_P(BadBodyOfAWrite, CreatesNothing) {
    const BadBody& bad = GetParam();

    EXPECT_THAT(post(kTodos, bad.body, type), IsProblem(bad.status, bad.code, bad.pointer));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_P(BadBodyOfAWrite, ChangesNothing) {
    const BadBody& bad = GetParam();
    const GivenTodo todo = given(R"({"title":"as it was","order":1,"notes":"n"})");

    EXPECT_THAT(patch(todo.path, bad.body, type), IsProblem(bad.status, bad.code, bad.pointer));
    EXPECT_THAT(put(todo.path, bad.body, type), IsProblem(bad.status, bad.code, bad.pointer));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

INSTANTIATE_TEST_SUITE_P(
    NoJson, BadBodyOfAWrite,
    testing::Values(
        malformed("Empty", ""), malformed("Blank", " \n"), malformed("Prose", "water the plants"),
        malformed("Form", "title=water"), malformed("CutShort", R"({"title":"a")"),
        malformed("TwoValues", R"({"title":"a"}{"title":"b"})"), malformed("TrailingComma", R"({"title":"a",})"),
        malformed("Comment", R"({"title":"a"}//)"), malformed("SingleQuotes", "{'title':'a'}"),
        malformed("NotANumber", R"({"title":"a","order":NaN})"),
        malformed("Infinity", R"({"title":"a","order":Infinity})"),
        malformed("LeadingZero", R"({"title":"a","order":01})"),
        malformed("NumberBeyondADouble", R"({"title":"a","order":1e400})"),
        malformed("DuplicateKeys", R"({"title":"a","title":"b"})"),
        malformed("DuplicateKeysInDisguise", R"({"title":"a","\u0074itle":"b"})"),
        malformed("DuplicateUnknownKeys", R"({"title":"a","x":{"y":1,"y":2}})"),
        malformed("ControlCharacter", "{\"title\":\"a\x01\"}"), malformed("RawNewline", "{\"title\":\"a\nb\"}"),
        malformed("RawNul", std::string("{\"title\":\"a\0b\"}", 15)),
        malformed("EscapedNul", R"({"title":"a\u0000b"})"), malformed("EscapedNulInAName", R"({"title\u0000":"a"})"),
        malformed("InvalidUtf8", "{\"title\":\"\xff\"}"), malformed("Utf8CutShort", "{\"title\":\"\xe2\x82\"}"),
        malformed("OverlongUtf8", "{\"title\":\"\xc0\xaf\"}"),
        malformed("SurrogateInUtf8", "{\"title\":\"\xed\xa0\x80\"}"),
        malformed("Latin1", "{\"title\":\"gr\xf6\xdf\x65r\"}"), malformed("Utf16", std::string("\xff\xfe{\0}\0", 6)),
        malformed("LoneHighSurrogate", R"({"title":"\ud800"})"), malformed("LoneLowSurrogate", R"({"title":"\udc00"})"),
        malformed("SurrogatesSwapped", R"({"title":"\udc00\ud800"})"),
        malformed("UnknownEscape", R"({"title":"\x41"})"), malformed("DeepArrays", text_of(17, "[") + text_of(17, "]")),
        malformed("VeryDeepArrays", text_of(30000, "[") + text_of(30000, "]")),
        malformed("DeepObjects", R"({"title":"a","x":)" + text_of(5000, R"({"x":)") + "1" + text_of(5001, "}"))),
    name_of);

INSTANTIATE_TEST_SUITE_P(NoObject, BadBodyOfAWrite,
                         testing::Values(invalid("Null", "null", ""), invalid("Text", R"("title")", ""),
                                         invalid("Number", "1", ""), invalid("List", R"([{"title":"a"}])", "")),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    WrongValues, BadBodyOfAWrite,
    testing::Values(
        invalid("TitleNull", R"({"title":null})", "/title"), invalid("TitleNumber", R"({"title":1})", "/title"),
        invalid("TitleList", R"({"title":["a"]})", "/title"), invalid("TitleObject", R"({"title":{"a":1}})", "/title"),
        invalid("TitleEmpty", R"({"title":""})", "/title"), invalid("TitleBlank", R"({"title":" \t\r\n "})", "/title"),
        invalid("TitleBlankInUnicode", R"({"title":"\u00a0\u2003\u3000"})", "/title"),
        invalid("TitleOf1025Letters", R"({"title":)" + quoted(std::string(1025, 'a')) + "}", "/title"),
        invalid("TitleOf1025Plants", R"({"title":)" + quoted(text_of(1025, "🪴")) + "}", "/title"),
        invalid("TitleOfTwoLines", R"({"title":"a\nb"})", "/title"),
        invalid("TitleWithABell", R"({"title":"a\u0007"})", "/title"),
        invalid("TitleWithACommand", R"({"title":"\u009b31m"})", "/title"),
        invalid("NotesWithABell", R"({"title":"a","notes":"\u0007"})", "/notes"),
        invalid("CompletedText", R"({"title":"a","completed":"true"})", "/completed"),
        invalid("CompletedNumber", R"({"title":"a","completed":1})", "/completed"),
        invalid("OrderText", R"({"title":"a","order":"1"})", "/order"),
        invalid("OrderBool", R"({"title":"a","order":true})", "/order"),
        invalid("OrderFraction", R"({"title":"a","order":1.5})", "/order"),
        invalid("OrderTooBig", R"({"title":"a","order":9007199254740993})", "/order"),
        invalid("OrderTooSmall", R"({"title":"a","order":-9007199254740993})", "/order"),
        invalid("OrderBeyond63Bits", R"({"title":"a","order":9223372036854775808})", "/order"),
        invalid("OrderBeyond64Bits", R"({"title":"a","order":18446744073709551616})", "/order"),
        invalid("OrderHuge", R"({"title":"a","order":1e300})", "/order"),
        invalid("NotesNumber", R"({"title":"a","notes":1})", "/notes"),
        invalid("NotesOf8193Letters", R"({"title":"a","notes":)" + quoted(std::string(8193, 'a')) + "}", "/notes")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    UnknownFields, BadBodyOfAWrite,
    testing::Values(invalid("Unknown", R"({"title":"a","colour":"red"})", "/colour"),
                    invalid("WrongCase", R"({"Title":"a"})", "/Title"),
                    invalid("EmptyName", R"({"title":"a","":1})", "/"),
                    invalid("NameToBeEscaped", R"({"title":"a","a/b~c":1})", "/a~1b~0c"),
                    invalid("OwnerId", R"({"title":"a","owner_id":"01890a5d-ac96-774b-bcce-b302099a8057"})",
                            "/owner_id"),
                    invalid("SomeId", R"({"title":"a","id":"01890a5d-ac96-774b-bcce-b302099a8057"})", "/id"),
                    invalid("SomeVersion", R"({"title":"a","version":77})", "/version"),
                    invalid("SomeTime", R"({"title":"a","created_at":"2001-01-01T00:00:00.000Z"})", "/created_at")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    WrongType, BadBodyOfAWrite,
    testing::Values(BadBody{"Form", "title=a", 415, "unsupported-media-type", "-", "application/x-www-form-urlencoded"},
                    BadBody{"Text", R"({"title":"a"})", 415, "unsupported-media-type", "-", "text/plain"},
                    BadBody{"Xml", "<title>a</title>", 415, "unsupported-media-type", "-", "application/xml"},
                    BadBody{"JsonPatch", "[]", 415, "unsupported-media-type", "-", "application/json-patch+json"},
                    BadBody{"JsonInItsName", R"({"title":"a"})", 415, "unsupported-media-type", "-",
                            "application/jsonx"},
                    BadBody{"Nonsense", R"({"title":"a"})", 415, "unsupported-media-type", "-", ";;=/"}),
    name_of);

struct BadInput : ApiTest {};

TEST_F(BadInput, IsACreateWithoutATitle) {
    EXPECT_THAT(post(kTodos, "{}"), IsProblem(422, "invalid-fields", "/title"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(BadInput, IsAReplacementWithoutATitle) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(put(todo.path, R"({"completed":true})"), IsProblem(422, "invalid-fields", "/title"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(BadInput, IsReportedForEachFieldAtOnce) {
    const Answer refused = post(kTodos, R"({"title":1,"completed":2,"order":"3","notes":4,"colour":5})");

    for (const char* field : {"/title", "/completed", "/order", "/notes", "/colour"}) {
        EXPECT_THAT(refused, IsProblem(422, "invalid-fields", field));
    }
}

TEST_F(BadInput, IsABodyWithoutAType) {
    const Answer refused = send_raw(
        "POST /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: " + authorization() +
        "\r\nContent-Length: 13\r\n\r\n{\"title\":\"a\"}");

    EXPECT_THAT(refused, IsProblem(415, "unsupported-media-type"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(BadInput, LeavesTheConnectionUsableForTheNextRequest) {
    // Whatever of the first body were left unread would be taken for the second request.
    const std::string smuggled = "DELETE /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const GivenTodo todo = given_todo();

    const Answer refused = send({"GET", "/v1/nowhere", {{"Content-Type", "text/plain"}}, smuggled, {}});

    EXPECT_THAT(refused, IsProblem(404, "not-found"));
    EXPECT_THAT(get(todo.path), Answers(200));
}

/// Ids that are none, in every method: there is no such todo.
struct BadId : ApiTest, testing::WithParamInterface<const char*> {
    const std::string path = std::string{"/v1/todos/"} + GetParam();
};

TEST_P(BadId, IsAbsent) {
    EXPECT_THAT(get(path), IsProblem(404, "not-found"));
    EXPECT_THAT(put(path, R"({"title":"a"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(path, R"({"title":"a"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(remove(path), IsProblem(404, "not-found"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

INSTANTIATE_TEST_SUITE_P(Of, BadId,
                         testing::Values("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                         "1", "-1", "null", "undefined", "%27%20OR%201=1", "01890a5d",
                                         "01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a805",
                                         "01890a5d-ac96-774b-bcce-b302099a80570",
                                         "g1890a5d-ac96-774b-bcce-b302099a8057",
                                         "%7B01890a5d-ac96-774b-bcce-b302099a8057%7D", "%C3%BC", "%FF",
                                         "01890a5d-ac96-774b-bcce-b302099a8057/more"));

/// Lists asked for in a way that there is not.
struct BadQuery : ApiTest, testing::WithParamInterface<const char*> {};

TEST_P(BadQuery, IsRefused) {
    EXPECT_THAT(get(std::string{"/v1/todos?"} + GetParam()), IsProblem(400, "invalid-query"));
}

INSTANTIATE_TEST_SUITE_P(Of, BadQuery,
                         testing::Values("limit=0", "limit=201", "limit=-1", "limit=abc", "limit=", "limit=1.5",
                                         "limit=%2B5", "limit=5%20", "limit=99999999999999999999", "limit=5&limit=6",
                                         "cursor=nonsense", "cursor=%00", "cursor=", "cursor=%FF%FE", "completed=maybe",
                                         "completed=1", "completed=", "completed=TRUE", "sort=title",
                                         "sort=", "sort=id&sort=order", "colour=red", "limit=%ZZ", "limit"));

TEST_F(BadInput, IsADeleteOfAllWithAQueryThatIsNotUnderstood) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(remove("/v1/todos?completed=maybe"), IsProblem(400, "invalid-query"));
    EXPECT_THAT(remove("/v1/todos?complete=true"), IsProblem(400, "invalid-query"));
    EXPECT_THAT(remove("/v1/todos?limit=1"), IsProblem(400, "invalid-query"));
    EXPECT_THAT(get(todo.path), Answers(200));
}

/// Headers that decide over a write must be understood, or there is no write.
struct BadHeader : ApiTest, testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(BadHeader, IsRefused) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", {GetParam()}), IsProblem(400, "invalid-header"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

INSTANTIATE_TEST_SUITE_P(Of, BadHeader,
                         testing::Values(std::pair{"If-None-Match", std::string{"\"1\""}},
                                         std::pair{"If-Match", std::string{"1-1763942400123"}},
                                         std::pair{"If-Match", std::string{"\"open"}},
                                         std::pair{"If-Match", std::string{"*, \"1-1763942400123\""}},
                                         std::pair{"If-Match", std::string{"\"a\" \"b\""}},
                                         std::pair{"If-Match", std::string{"\"1\"" + text_of(100, ",\"1\"")}},
                                         std::pair{"Idempotency-Key", std::string(256, 'k')},
                                         std::pair{"Idempotency-Key", std::string{"two words"}},
                                         std::pair{"Idempotency-Key", std::string{"gr\xf6\xdf\x65r"}}));

}  // namespace
}  // namespace api
