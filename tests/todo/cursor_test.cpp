/// Cursors: places in a list that survive the way to the client and back, and nothing else does.
#include "cursor.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace todo {
namespace {

using testing::Each;
using testing::Eq;
using testing::Optional;

const TodoId kId{*Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef")};

class Cursor : public testing::TestWithParam<std::optional<std::int64_t>> {};
TEST_P(Cursor, NamesTheSamePlaceAgainInAListByOrder) {
    const Position place{kId, GetParam()};
    EXPECT_THAT(decode_cursor(Sort::kByOrder, encode_cursor(Sort::kByOrder, place)), Optional(Eq(place)));
}
INSTANTIATE_TEST_SUITE_P(Orders, Cursor, testing::Values(std::nullopt, 0, 1, -1, kOrderLimit, -kOrderLimit));

TEST(CursorById, NamesTheTodoAlone) {
    const std::string cursor = encode_cursor(Sort::kById, Position{kId, 7});
    EXPECT_THAT(decode_cursor(Sort::kById, cursor), Optional(Eq(Position{kId, std::nullopt})));
}

TEST(CursorById, IsOneTextForOnePlace) {
    EXPECT_EQ(encode_cursor(Sort::kById, Position{kId, {}}), "AQABmMDeq81xI4mrASNFZ4nv");
}

TEST(ACursor, IsRefusedByAListThatIsSortedInAnotherWay) {
    EXPECT_FALSE(decode_cursor(Sort::kByOrder, encode_cursor(Sort::kById, Position{kId, {}})));
    EXPECT_FALSE(decode_cursor(Sort::kById, encode_cursor(Sort::kByOrder, Position{kId, {}})));
    EXPECT_FALSE(decode_cursor(Sort::kById, encode_cursor(Sort::kByOrder, Position{kId, 7})));
}

TEST(ACursor, IsRefusedWhenCutOrLengthened) {
    const std::string cursor = encode_cursor(Sort::kByOrder, Position{kId, 7});
    std::vector<bool> accepted;
    for (std::size_t size = 0; size < cursor.size(); ++size) {
        accepted.push_back(decode_cursor(Sort::kByOrder, cursor.substr(0, size)).has_value());
    }
    for (const char* more : {"A", "AA", "AAAA", "=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        accepted.push_back(decode_cursor(Sort::kByOrder, cursor + more).has_value());
    }
    EXPECT_THAT(accepted, Each(false));
}

TEST(ACursor, IsRefusedWithAnOrderThatNoTodoHas) {
    EXPECT_FALSE(decode_cursor(Sort::kByOrder, encode_cursor(Sort::kByOrder, Position{kId, kOrderLimit + 1})));
    EXPECT_FALSE(decode_cursor(Sort::kByOrder, encode_cursor(Sort::kByOrder, Position{kId, -kOrderLimit - 1})));
}

class ForeignCursor : public testing::TestWithParam<const char*> {};
TEST_P(ForeignCursor, IsNone) { EXPECT_FALSE(decode_cursor(Sort::kById, GetParam())); }
INSTANTIATE_TEST_SUITE_P(Texts, ForeignCursor,
                         testing::Values("", "50", "0198c0de-abcd-7123-89ab-0123456789ef",
                                         "AgABmMDeq81xI4mrASNFZ4nv",    // another version
                                         "AQMBmMDeq81xI4mrASNFZ4nv",    // another sort
                                         "AQABmMDeq81xI4mrASNFZ4n+",    // plain base64
                                         "AQABmMDeq81xI4mrASNFZ4nv==",  // padded
                                         "AQABmMDeq81xI4mrASNFZ4nvA",   // one digit too many
                                         "AQABmMDeq81xI4mrASNFZ4n\xC3"));

TEST(ACursor, WithBitsThatMeanNothingIsRefused) {
    const std::string cursor = encode_cursor(Sort::kByOrder, Position{kId, 0});  // 26 bytes: the last digit has 4 bits.
    ASSERT_EQ(cursor.back(), 'A');
    EXPECT_FALSE(decode_cursor(Sort::kByOrder, cursor.substr(0, cursor.size() - 1) + 'B'));
}

}  // namespace
}  // namespace todo
