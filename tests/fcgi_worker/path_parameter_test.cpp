/// What each type takes from a path, and how handlers of each kind get it from the router.
#include <fcgi_worker/path_parameter.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>

#include <fcgi_worker/problem.hpp>
#include <fcgi_worker/router.hpp>

namespace fcgi_worker {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;

/// A type of a program's own: "item-7". It can be moved and not copied, and made by parse() alone.
class ItemId {
public:
    static std::optional<ItemId> parse(std::string_view text) {
        if (text == "item-bug") throw std::runtime_error{"no memory for ids"};
        if (!text.starts_with("item-")) return std::nullopt;
        return ItemId{std::string{text.substr(5)}};
    }
    ItemId(ItemId&&) = default;
    ItemId& operator=(ItemId&&) = default;
    ItemId(const ItemId&) = delete;
    ItemId& operator=(const ItemId&) = delete;
    ~ItemId() = default;

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    explicit ItemId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace

template <>
struct PathParameter<ItemId> {
    static std::optional<ItemId> parse(std::string_view text) { return ItemId::parse(text); }
};

namespace {

static_assert(IsPathParameter<std::string> && IsPathParameter<std::string_view> && IsPathParameter<ItemId>);
static_assert(IsPathParameter<short> && IsPathParameter<unsigned long long> && IsPathParameter<std::int8_t>);
static_assert(!IsPathParameter<bool> && !IsPathParameter<char> && !IsPathParameter<char32_t>, "is no number");
static_assert(!IsPathParameter<double> && !IsPathParameter<Request>, "nobody has said how");

// ---- What a type takes

TEST(PathParameter, TakesEachTextAsItIs) {
    const std::string text{"a/ %\0\xFF", 6};
    EXPECT_THAT(PathParameter<std::string>::parse(text), Optional(text));
    EXPECT_THAT(PathParameter<std::string_view>::parse(text), Optional(std::string_view{text}));
}

TEST(PathParameter, TakesEachNumberOfItsType) {
    EXPECT_THAT(PathParameter<int>::parse("42"), Optional(42));
    EXPECT_THAT(PathParameter<int>::parse("-42"), Optional(-42));
    EXPECT_THAT(PathParameter<int>::parse("007"), Optional(7));
    EXPECT_THAT(PathParameter<std::int8_t>::parse("-128"), Optional(std::int8_t{-128}));
    EXPECT_THAT(PathParameter<std::uint8_t>::parse("255"), Optional(std::uint8_t{255}));
    EXPECT_THAT(PathParameter<std::int64_t>::parse("-9223372036854775808"),
                Optional(std::numeric_limits<std::int64_t>::min()));
    EXPECT_THAT(PathParameter<std::uint64_t>::parse("18446744073709551615"),
                Optional(std::numeric_limits<std::uint64_t>::max()));
}

TEST(PathParameter, TakesNoNumberThatDoesNotFit) {
    EXPECT_EQ(PathParameter<std::int8_t>::parse("128"), std::nullopt);
    EXPECT_EQ(PathParameter<std::uint8_t>::parse("256"), std::nullopt);
    EXPECT_EQ(PathParameter<std::int64_t>::parse("9223372036854775808"), std::nullopt);
    EXPECT_EQ(PathParameter<std::uint64_t>::parse("18446744073709551616"), std::nullopt);
    EXPECT_EQ(PathParameter<unsigned>::parse("-1"), std::nullopt);
}

TEST(PathParameter, TakesNoTextThatIsNotANumberAltogether) {
    for (const std::string_view text : {"", "+1", "-", "--1", " 1", "1 ", "1.0", "1e3", "0x10", "1a", "a",
                                        "\xD9\xA1",  // a digit, but not one of ASCII
                                        "1,000"}) {
        EXPECT_EQ(PathParameter<int>::parse(text), std::nullopt) << text;
    }
    EXPECT_EQ(PathParameter<int>::parse(std::string_view{"1\0", 2}), std::nullopt);
}

// ---- What a handler gets

struct TypedHandler : testing::Test {
    Router router{[this](const LogEntry& entry) { log.emplace_back(entry.message); }};
    std::vector<std::string> log;

    [[nodiscard]] Response ask(std::string path, std::string method = "GET") const {
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.request_id = "req-1";
        return router.handle(request);
    }
};

Response by_function(const Request& /*request*/, int number) { return {200, {}, std::to_string(number + 1)}; }
Response by_function_of_two(const Request& /*request*/, const std::string& name, int number) {
    return {200, {}, name + std::to_string(number)};
}
Response by_function_that_never_throws(const Request& /*request*/, int number) noexcept { return {number, {}, {}}; }

TEST_F(TypedHandler, GetsItsArgumentsInTheOrderOfThePattern) {
    router.add("GET", "/orders/{order}/items/{item}",
               [](const Request&, std::int64_t order, const ItemId& item) -> Response {
                   return {200, {}, std::to_string(order) + "|" + item.text()};
               });
    EXPECT_EQ(ask("/orders/7/items/item-8").body, "7|8");
}

TEST_F(TypedHandler, GetsDecodedText) {
    router.add("GET", "/links/{code}", [](const Request&, std::string_view code) -> Response {
        return {200, {}, std::string{code}};
    });
    EXPECT_EQ(ask("/links/a%2Fb%20c").body, "a/b c");
    EXPECT_EQ(ask("/links/a-text-that-is-too-long-to-be-stored-inside-of-a-string").body,
              "a-text-that-is-too-long-to-be-stored-inside-of-a-string");
}

TEST_F(TypedHandler, MayBeAFunction) {
    router.add("GET", "/by-name/{number}", by_function);
    router.add("GET", "/by-pointer/{number}", &by_function);
    router.add("GET", "/noexcept/{number}", by_function_that_never_throws);
    EXPECT_EQ(ask("/by-name/1").body, "2");
    EXPECT_EQ(ask("/by-pointer/1").body, "2");
    EXPECT_EQ(ask("/noexcept/204").status, 204);
}

TEST_F(TypedHandler, MayBeAStdFunction) {
    const std::function<Response(const Request&, std::string, unsigned)> handler =
        [](const Request&, const std::string& name, unsigned number) -> Response {
        return {200, {}, name + std::to_string(number)};
    };
    router.add("GET", "/{name}/{number}", handler);
    EXPECT_EQ(ask("/a/1").body, "a1");
}

TEST_F(TypedHandler, MayBeALambdaWithState) {
    router.add("GET", "/{name}", [calls = 0](const Request&, const std::string& name) mutable -> Response {
        return {200, {}, name + std::to_string(++calls)};
    });
    EXPECT_EQ(ask("/a").body, "a1");
    EXPECT_EQ(ask("/a").body, "a2");
}

TEST_F(TypedHandler, OwnsTheArgumentsThatItTakesByValue) {
    router.add("GET", "/{name}/{item}", [](const Request&, std::string name, ItemId item) -> Response {
        const ItemId taken = std::move(item);
        return {200, {}, std::move(name) + taken.text()};
    });
    EXPECT_EQ(ask("/a/item-1").body, "a1");
}

TEST_F(TypedHandler, GetsTheRequestItselfAndNoCopy) {
    const Request* seen = nullptr;
    router.add("POST", "/{number}", [&seen](const Request& request, int) -> Response {
        seen = &request;
        return {};
    });
    Request request;
    request.method = "POST";
    request.path = "/1";
    (void)router.handle(request);
    EXPECT_EQ(seen, &request);
}

TEST_F(TypedHandler, LeavesOthersToAskTheRequest) {
    router.add("GET", "/{name}/{number}", by_function_of_two);
    router.add("PUT", "/{name}/{number}", [](const Request& request) -> Response {
        return {200, {}, std::string{request.path_parameter("number")}};
    });
    router.add("POST", "/{name}/{number}", [](const auto& request) -> Response {
        return {200, {}, std::string{request.path_parameter("name")}};
    });
    EXPECT_EQ(ask("/a/1").body, "a1");
    EXPECT_EQ(ask("/a/1", "PUT").body, "1");
    EXPECT_EQ(ask("/a/1", "POST").body, "a");
}

TEST_F(TypedHandler, ServesHeadToo) {
    router.add("GET", "/{number}", by_function);
    EXPECT_EQ(ask("/9", "HEAD").body, "");
    EXPECT_THAT(ask("/9", "HEAD").headers.find("Content-Length"), Optional(std::string_view{"2"}));
    EXPECT_EQ(ask("/nine", "HEAD").status, 404);
}

// ---- What it never sees

TEST_F(TypedHandler, IsNotCalledForWhatIsNoValueOfItsType) {
    int calls = 0;
    router.add("GET", "/{order}/{item}", [&calls](const Request&, std::uint8_t, const ItemId&) -> Response {
        ++calls;
        return {};
    });
    for (const char* path : {"/1/8", "/x/item-8", "/256/item-8", "/1%00/item-8", "/+1/item-8", "//item-8"}) {
        EXPECT_EQ(ask(path).status, 404) << path;
    }
    EXPECT_EQ(calls, 0);
    EXPECT_THAT(log, IsEmpty()) << "the client's fault is no event";
}

TEST_F(TypedHandler, IsMissedLikeAnUnknownPath) {
    router.add("GET", "/numbers/{number}", by_function);
    EXPECT_EQ(ask("/numbers/one").body, ask("/nowhere").body);
}

TEST_F(TypedHandler, LetsAParseThatThrowsBeABug) {
    router.add("GET", "/{item}", [](const Request&, const ItemId&) -> Response { return {}; });
    EXPECT_EQ(ask("/item-bug").status, 500);
    EXPECT_THAT(ask("/item-bug").body, Not(HasSubstr("no memory")));
    EXPECT_THAT(log, testing::Each("handler failed"));
}

// ---- What is refused at the start

TEST_F(TypedHandler, MustTakeAsManyArgumentsAsThereAreNames) {
    EXPECT_THROW(router.add("GET", "/", by_function), std::invalid_argument);
    EXPECT_THROW(router.add("GET", "/{a}/{b}", by_function), std::invalid_argument);
    EXPECT_THROW(router.add("GET", "/{a}", by_function_of_two), std::invalid_argument);
    EXPECT_EQ(ask("/1").status, 404) << "nothing was added";
    EXPECT_NO_THROW(router.add("GET", "/{a}", by_function));
}

TEST_F(TypedHandler, MustNotBeEmpty) {
    Response (*const nowhere)(const Request&, int) = nullptr;
    EXPECT_THROW(router.add("GET", "/{a}", nowhere), std::invalid_argument);
    EXPECT_THROW(router.add("GET", "/{a}", std::function<Response(const Request&, int)>{}), std::invalid_argument);
}

}  // namespace
}  // namespace fcgi_worker
