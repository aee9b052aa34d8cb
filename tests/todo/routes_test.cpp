/// The API: each row of its table, and each way to be refused.
#include "routes.hpp"

#include <gmock/gmock.h>

#include "api_fixture.hpp"

namespace todo {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// ---- POST /v1/todos

struct CreateTodo : ApiTest {};

TEST_F(CreateTodo, AnswersWithTheTodoItsPlaceAndItsTag) {
    const Response created = post(R"({"title":"milk","order":523})");
    const std::string url = kOrigin + kTodos + "/" + member(created, "id");

    EXPECT_THAT(created, AllOf(Answers(201), HasHeader("Content-Type", "application/json"),
                               HasHeader("Cache-Control", "private, no-cache"), HasHeader("Location", url),
                               HasHeader("ETag", "\"1-1769847300124\"")));
    EXPECT_THAT(created,
                AllOf(Says(R"("url":")" + url + "\""), Says(R"("title":"milk","completed":false,"order":523,)"),
                      Says(R"("created_at":"2026-01-31T08:15:00.124Z")"), Says(R"("version":1})")));
    EXPECT_EQ(get(kTodos + "/" + member(created, "id")).body, created.body);
}

TEST_F(CreateTodo, MakesAnIdOfVersion7) { EXPECT_EQ(member(post(R"({"title":"a"})"), "id")[14], '7'); }

TEST_F(CreateTodo, BuildsUrlsFromThePublicUrlWhereOneIsGiven) {
    options.public_url = "https://todo.example";
    const Response created = post(R"({"title":"milk"})");
    EXPECT_THAT(header(created, "Location"), testing::StartsWith("https://todo.example/v1/todos/"));
    EXPECT_EQ(member(created, "url"), header(created, "Location"));
}

TEST_F(CreateTodo, RefusesAnIdAndStoresNothing) {
    EXPECT_THAT(post(R"({"title":"milk","id":")" + kSomeId + "\"}"), FaultsAt(Pointers{"/id"}));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(CreateTodo, RefusesWhatIsNoJson) { EXPECT_THAT(post("title=milk"), IsProblem(400, "malformed-json")); }

TEST_F(CreateTodo, RefusesAnEmptyBody) {
    EXPECT_THAT(send("POST", kTodos, {{"content-type", "application/json"}}), IsProblem(400, "malformed-json"));
}

TEST_F(CreateTodo, NamesEachFault) {
    EXPECT_THAT(post(R"({"title":"","done":true})"), FaultsAt(Pointers{"/title", "/done"}));
}

TEST_F(CreateTodo, EndsAtTheLimit) {
    store.maximum_todos = 1;
    given_todo("the only one");
    EXPECT_THAT(post(R"({"title":"one more"})"), IsProblem(409, "too-many-todos"));
}

TEST_F(CreateTodo, TakesNoQuery) {
    EXPECT_THAT(send("POST", kTodos + "?completed=true", {}, R"({"title":"a"})"), IsProblem(400, "invalid-query"));
}

TEST_F(CreateTodo, Is503WhileTheStoreIsAwayAndSaysNothingOfWhy) {
    store.unavailable = true;
    EXPECT_THAT(post(R"({"title":"milk"})"),
                AllOf(Answers(503), HasHeader("Retry-After", "1"), Not(Says("the test says so"))));
}

// ---- GET /v1/todos

struct ListTodos : ApiTest {};

TEST_F(ListTodos, IsAnEmptyArrayAtFirst) {
    EXPECT_THAT(get(kTodos), AllOf(Answers(200), HasHeader("Content-Type", "application/json"),
                                   HasHeader("Cache-Control", "private, no-cache"), HasHeader("Link", "(none)")));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(ListTodos, ComesInTheOrderOfCreation) {
    given_todo("first", R"(,"order":2)");
    given_todo("second", R"(,"order":1)");
    EXPECT_THAT(titles(get(kTodos)), ElementsAre("first", "second"));
    EXPECT_THAT(titles(get(kTodos + "?sort=id")), ElementsAre("first", "second"));
}

TEST_F(ListTodos, ComesByOrderWithNoneLastOnDemand) {
    given_todo("none");
    given_todo("two", R"(,"order":2)");
    given_todo("one", R"(,"order":1)");
    EXPECT_THAT(titles(get(kTodos + "?sort=order")), ElementsAre("one", "two", "none"));
}

TEST_F(ListTodos, ShowsCompletedOnesOrOthersOnDemand) {
    given_todo("open");
    given_todo("done", R"(,"completed":true)");
    EXPECT_THAT(titles(get(kTodos + "?completed=true")), ElementsAre("done"));
    EXPECT_THAT(titles(get(kTodos + "?completed=false")), ElementsAre("open"));
}

TEST_F(ListTodos, LinksToTheNextPageWithTheSameParameters) {
    for (const char* title : {"1", "2", "3"}) given_todo(title, R"(,"order":7)");
    const Response first = get(kTodos + "?limit=2&completed=false&sort=order");
    const Response second = get(next(first));

    EXPECT_THAT(titles(first), ElementsAre("1", "2"));
    EXPECT_THAT(next(first), testing::StartsWith(kTodos + "?limit=2&completed=false&sort=order&cursor="));
    EXPECT_THAT(titles(second), ElementsAre("3"));
    EXPECT_THAT(next(second), IsEmpty());
}

TEST_F(ListTodos, LinksFromEachPageWithOneCursorOnly) {
    for (const char* title : {"1", "2", "3"}) given_todo(title);
    const Response second = get(next(get(kTodos + "?limit=1")));
    EXPECT_THAT(titles(second), ElementsAre("2"));
    EXPECT_THAT(titles(get(next(second))), ElementsAre("3"));
}

TEST_F(ListTodos, HasNoNextPageWhenTheLastOneIsFull) {
    for (const char* title : {"1", "2"}) given_todo(title);
    EXPECT_THAT(next(get(kTodos + "?limit=2")), IsEmpty());
}

TEST_F(ListTodos, LosesNoneAndRepeatsNoneWhenOnesAreDeletedBetweenPages) {
    const std::string one = given_todo("1");
    const std::string two = given_todo("2");
    given_todo("3");
    const std::string rest = next(get(kTodos + "?limit=2"));
    remove(one);
    remove(two);
    EXPECT_THAT(titles(get(rest)), ElementsAre("3"));
}

TEST_F(ListTodos, Shows50AtOnceAndUpTo200OnDemand) {
    for (int i = 0; i < 201; ++i) given_todo("a");
    EXPECT_THAT(titles(get(kTodos)), SizeIs(50));
    EXPECT_THAT(titles(get(kTodos + "?limit=200")), SizeIs(200));
    EXPECT_THAT(next(get(kTodos + "?limit=200")), Not(IsEmpty()));
}

TEST_F(ListTodos, RefusesACursorOfAnotherSort) {
    for (const char* title : {"1", "2"}) given_todo(title);
    EXPECT_THAT(get(next(get(kTodos + "?limit=1")) + "&sort=order"), IsProblem(400, "invalid-query"));
}

struct BadListQuery : ApiTest, testing::WithParamInterface<const char*> {};
TEST_P(BadListQuery, Is400) { EXPECT_THAT(get(kTodos + "?" + GetParam()), IsProblem(400, "invalid-query")); }
INSTANTIATE_TEST_SUITE_P(Queries, BadListQuery,
                         testing::Values("limit=0", "limit=201", "limit=-1", "limit=+1", "limit=", "limit", "limit=1.0",
                                         "limit=1e1", "limit=10%20", "limit=99999999999999999999", "limit=0x10",
                                         "completed=1", "completed=TRUE", "completed=", "sort=title",
                                         "sort=", "sort=ORDER", "cursor=", "cursor=50",
                                         "cursor=AgABmMDeq81xI4mrASNFZ4nv", "limit=1&limit=1", "complete=true",
                                         "Limit=1", "limit=%", "limit=%zz", "a=%00", "=1"));

// ---- DELETE /v1/todos

struct DeleteTodos : ApiTest {
    const std::string open = given_todo("open");
    const std::string done = given_todo("done", R"(,"completed":true)");
};

TEST_F(DeleteTodos, TakesAllAway) {
    const Response deleted = remove(kTodos);
    EXPECT_THAT(deleted, Answers(204));
    EXPECT_THAT(deleted.body, IsEmpty());
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(DeleteTodos, TakesOnlyCompletedOnesOnDemand) {
    EXPECT_THAT(remove(kTodos + "?completed=true"), Answers(204));
    EXPECT_THAT(titles(get(kTodos)), ElementsAre("open"));
}

TEST_F(DeleteTodos, TakesNothingWhenTheParameterIsMisspelt) {
    for (const char* query :
         {"?complete=true", "?completed=yes", "?completed=true&completed=false", "?limit=1", "?Completed=true"}) {
        EXPECT_THAT(remove(kTodos + query), IsProblem(400, "invalid-query")) << query;
    }
    EXPECT_THAT(titles(get(kTodos)), ElementsAre("open", "done"));
}

TEST_F(DeleteTodos, TakesNothingWhenItComesWithACondition) {
    EXPECT_THAT(remove(kTodos, {{"if-match", "\"1-1\""}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(titles(get(kTodos)), SizeIs(2));
}

// ---- GET /v1/todos/{id}

struct ReadTodo : ApiTest {
    const std::string milk = given_todo("milk");
};

TEST_F(ReadTodo, AnswersWithTheTodoAndItsTag) {
    EXPECT_THAT(get(milk), AllOf(Answers(200), HasHeader("ETag", "\"1-1769847300124\""),
                                 HasHeader("Cache-Control", "private, no-cache"), Says(R"("title":"milk")")));
}

TEST_F(ReadTodo, FindsItsIdInUpperCaseAndAnswersInLowerCase) {
    put(kSomeTodo, R"({"title":"mine"})");
    const Response found = get(kTodos + "/0198C0DE-ABCD-7123-89AB-0123456789EF");
    EXPECT_EQ(member(found, "id"), kSomeId);
}

TEST_F(ReadTodo, AnswersHeadWithoutABody) {
    const Response head = send("HEAD", milk);
    EXPECT_THAT(head, AllOf(Answers(200), HasHeader("ETag", "\"1-1769847300124\"")));
    EXPECT_THAT(head.body, IsEmpty());
}

TEST_F(ReadTodo, Is404WhenAbsent) { EXPECT_THAT(get(kSomeTodo), IsProblem(404, "not-found")); }

TEST_F(ReadTodo, Is404WhenDeleted) {
    remove(milk);
    EXPECT_THAT(get(milk), IsProblem(404, "not-found"));
}

TEST_F(ReadTodo, DoesNotTellStrangersThatItExists) {
    who = bob;
    EXPECT_THAT(get(milk), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(milk, R"({"title":"beer"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(remove(milk), IsProblem(404, "not-found"));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(ReadTodo, TakesNoQuery) { EXPECT_THAT(get(milk + "?fields=title"), IsProblem(400, "invalid-query")); }

struct MalformedId : ApiTest, testing::WithParamInterface<const char*> {};
TEST_P(MalformedId, Is404ToEachMethod) {
    const std::string path = kTodos + "/" + GetParam();
    EXPECT_THAT(get(path), IsProblem(404, "not-found"));
    EXPECT_THAT(put(path, R"({"title":"a"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(path, R"({"title":"a"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(remove(path), IsProblem(404, "not-found"));
}
INSTANTIATE_TEST_SUITE_P(Ids, MalformedId,
                         testing::Values("1", "0198c0deabcd712389ab0123456789ef",
                                         "0198c0de-abcd-7123-89ab-0123456789eg",
                                         "0198c0de-abcd-7123-89ab-0123456789ef%20", "%00",
                                         "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                         "FFFFFFFF-ffff-ffff-ffff-ffffffffffff"));

// ---- PUT /v1/todos/{id}

struct ReplaceTodo : ApiTest {};

TEST_F(ReplaceTodo, CreatesUnderAnIdOfTheClientsChoice) {
    const Response created = put(kSomeTodo, R"({"title":"milk"})");
    EXPECT_THAT(created,
                AllOf(Answers(201), HasHeader("Location", kOrigin + kSomeTodo),
                      HasHeader("ETag", "\"1-1769847300124\""), HasHeader("Cache-Control", "private, no-cache")));
    EXPECT_EQ(get(kSomeTodo).body, created.body);
}

TEST_F(ReplaceTodo, PutsDefaultsInPlaceOfWhatIsNotNamed) {
    put(kSomeTodo, R"({"title":"milk","completed":true,"order":1,"notes":"2 l"})");
    const Response replaced = put(kSomeTodo, R"({"title":"beer"})");
    EXPECT_THAT(replaced, AllOf(Answers(200), HasHeader("Location", "(none)"), HasHeader("ETag", "\"2-1769847300124\""),
                                Says(R"("title":"beer","completed":false,"order":null,"notes":"")")));
}

TEST_F(ReplaceTodo, TakesBackWhatGetGave) {
    put(kSomeTodo, R"({"title":"milk"})");
    EXPECT_THAT(put(kSomeTodo, get(kSomeTodo).body), Answers(200));
}

TEST_F(ReplaceTodo, RefusesReadOnlyFieldsThatChanged) {
    put(kSomeTodo, R"({"title":"milk"})");
    EXPECT_THAT(put(kSomeTodo, R"({"title":"a","created_at":"2026-01-31T08:15:00.124Z","version":2})"),
                FaultsAt(Pointers{"/version"}));
    EXPECT_THAT(put(kSomeTodo, R"({"title":"a","id":"0198c0de-0000-7000-8000-000000000001","url":"/v1/todos/1"})"),
                FaultsAt(Pointers{"/id", "/url"}));
    EXPECT_THAT(get(kSomeTodo), Says("milk"));
}

TEST_F(ReplaceTodo, RefusesReadOnlyFieldsOfATodoThatIsNotThere) {
    EXPECT_THAT(put(kSomeTodo, R"({"title":"a","version":1,"created_at":"2026-01-31T08:15:00.124Z"})"),
                FaultsAt(Pointers{"/created_at", "/version"}));
    EXPECT_THAT(get(kSomeTodo), Answers(404));
}

TEST_F(ReplaceTodo, EndsAtTheLimit) {
    store.maximum_todos = 0;
    EXPECT_THAT(put(kSomeTodo, R"({"title":"milk"})"), IsProblem(409, "too-many-todos"));
}

TEST_F(ReplaceTodo, GivesADeletedIdAnotherTag) {
    const Response before = put(kSomeTodo, R"({"title":"milk"})");
    remove(kSomeTodo);
    const Response after = put(kSomeTodo, R"({"title":"milk"})");
    EXPECT_THAT(after, Answers(201));
    EXPECT_NE(header(before, "ETag"), header(after, "ETag"));
}

// ---- PATCH /v1/todos/{id}

struct ChangeTodo : ApiTest {
    const std::string milk = given_todo("milk", R"(,"order":1,"notes":"2 l")");
};

TEST_F(ChangeTodo, ChangesWhatIsNamedAndKeepsTheRest) {
    const Response changed = patch(milk, R"({"completed":true})");
    EXPECT_THAT(changed, AllOf(Answers(200), HasHeader("ETag", "\"2-1769847300124\""),
                               HasHeader("Cache-Control", "private, no-cache"),
                               Says(R"("title":"milk","completed":true,"order":1,"notes":"2 l")")));
    EXPECT_EQ(get(milk).body, changed.body);
}

TEST_F(ChangeTodo, TakesAwayAnOrderAndTheNotesWithNull) {
    EXPECT_THAT(patch(milk, R"({"order":null,"notes":null})"), Says(R"("order":null,"notes":"")"));
}

TEST_F(ChangeTodo, IsAJsonMergePatchAlsoByName) {
    EXPECT_THAT(patch(milk, R"({"title":"beer"})", {{"content-type", "application/merge-patch+json; charset=UTF-8"}}),
                AllOf(Answers(200), Says("beer")));
}

TEST_F(ChangeTodo, RefusesReadOnlyFieldsThatChanged) {
    EXPECT_THAT(patch(milk, R"({"title":"beer","updated_at":"2020-01-01T00:00:00.000Z"})"),
                FaultsAt(Pointers{"/updated_at"}));
    EXPECT_THAT(patch(milk, R"({"created_at":"2026-01-31T08:15:00.124Z","version":1})"), Answers(200));
}

TEST_F(ChangeTodo, Is404WhenAbsentAlsoWithACondition) {
    EXPECT_THAT(patch(kSomeTodo, R"({"title":"a"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(kSomeTodo, R"({"title":"a"})", {{"if-match", "*"}}), IsProblem(404, "not-found"));
}

TEST_F(ChangeTodo, NamesEachFault) {
    EXPECT_THAT(patch(milk, R"({"title":null,"priority":1})"), FaultsAt(Pointers{"/title", "/priority"}));
}

// ---- DELETE /v1/todos/{id}

struct DeleteTodo : ApiTest {
    const std::string milk = given_todo("milk");
};

TEST_F(DeleteTodo, Is204AlsoTheSecondTime) {
    EXPECT_THAT(remove(milk), Answers(204));
    EXPECT_THAT(remove(milk), Answers(204));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(DeleteTodo, Is404WhenItNeverWas) { EXPECT_THAT(remove(kSomeTodo), IsProblem(404, "not-found")); }

TEST_F(DeleteTodo, TakesNoQuery) {
    EXPECT_THAT(remove(milk + "?completed=true"), IsProblem(400, "invalid-query"));
    EXPECT_THAT(get(milk), Answers(200));
}

// ---- All of them

struct NotSignedIn : ApiTest {};
TEST_F(NotSignedIn, Is401OnEachRoute) {
    who.reset();
    for (const auto& [method, path] : {std::pair{"GET", kTodos},
                                       {"HEAD", kTodos},
                                       {"POST", kTodos},
                                       {"DELETE", kTodos},
                                       {"GET", kSomeTodo},
                                       {"PUT", kSomeTodo},
                                       {"PATCH", kSomeTodo},
                                       {"DELETE", kSomeTodo}}) {
        const Response refused = send(method, path, {}, R"({"title":"a"})");
        EXPECT_THAT(refused, AllOf(Answers(401), HasHeader("WWW-Authenticate", "Bearer"))) << method << ' ' << path;
    }
    EXPECT_THAT(get(kTodos), IsProblem(401, "not-signed-in"));
}

struct Methods : ApiTest {};
TEST_F(Methods, AreListedForOptionsAndWhenOneIsUnknown) {
    EXPECT_THAT(send("OPTIONS", kTodos), AllOf(Answers(204), HasHeader("Allow", header(send("PUT", kTodos), "Allow"))));
    EXPECT_THAT(send("PUT", kTodos), Answers(405));
    EXPECT_THAT(send("POST", kSomeTodo, {}, "{}"), Answers(405));
}

struct BadContentType : ApiTest, testing::WithParamInterface<const char*> {};
TEST_P(BadContentType, Is415AndSaysWhatIsTaken) {
    const Fields headers = {{"content-type", GetParam()}};
    EXPECT_THAT(post(R"({"title":"a"})", headers),
                AllOf(IsProblem(415, "unsupported-media-type"), HasHeader("Accept-Post", "application/json")));
    EXPECT_THAT(put(kSomeTodo, R"({"title":"a"})", headers),
                AllOf(IsProblem(415, "unsupported-media-type"), HasHeader("Accept", "application/json")));
    EXPECT_THAT(patch(kSomeTodo, R"({"title":"a"})", headers),
                AllOf(IsProblem(415, "unsupported-media-type"),
                      HasHeader("Accept-Patch", "application/merge-patch+json, application/json")));
}
INSTANTIATE_TEST_SUITE_P(Types, BadContentType,
                         testing::Values("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                                         "application/json-patch+json", "application/json; charset=latin1",
                                         "application/json; charset", "application/json; profile=x",
                                         "application/json, application/json", "application /json"));

struct GoodContentType : ApiTest, testing::WithParamInterface<const char*> {};
TEST_P(GoodContentType, IsTaken) {
    EXPECT_THAT(post(R"({"title":"a"})", {{"content-type", GetParam()}}), Answers(201));
}
INSTANTIATE_TEST_SUITE_P(Types, GoodContentType,
                         testing::Values("application/json", "Application/JSON", "application/json;charset=UTF-8",
                                         "application/json ; Charset=\"utf-8\"", "application/json;"));

struct ContentEncoding : ApiTest {};
TEST_F(ContentEncoding, IsRefusedButForIdentity) {
    EXPECT_THAT(post(R"({"title":"a"})", {{"content-encoding", "gzip"}}),
                AllOf(IsProblem(415, "unsupported-media-type"), HasHeader("Accept-Encoding", "identity")));
    EXPECT_THAT(post(R"({"title":"a"})", {{"content-encoding", "Identity"}}), Answers(201));
}

}  // namespace
}  // namespace todo
