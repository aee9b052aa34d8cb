/// Which files have a token for each user.
#include "token_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../../fcgi_worker/temporary_folder.hpp"

namespace load {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct ATokenFile : testing::Test {
    [[nodiscard]] std::string file(std::string_view content) const {
        std::ofstream{path} << content;
        return path;
    }
    TemporaryFolder folder;
    std::string path = folder / "tokens";
};

TEST_F(ATokenFile, HasALineForEachUser) {
    const TokenFile tokens{file("one\ntwo\nsix\n"), 3};
    EXPECT_EQ(tokens.of(0), "one");
    EXPECT_EQ(tokens.of(1), "two");
    EXPECT_EQ(tokens.of(2), "six");
}

TEST_F(ATokenFile, MayHaveMoreLinesThanThereAreUsers) { EXPECT_EQ(TokenFile(file("one\ntwo\n"), 1).of(0), "one"); }

TEST_F(ATokenFile, IsRefusedWithFewerLinesThanUsers) {
    EXPECT_THAT([&] { TokenFile(file("one\ntwo\n"), 3); },
                ThrowsMessage<std::runtime_error>(HasSubstr("has 2 lines, and there are 3 users")));
}

TEST_F(ATokenFile, IsRefusedWithLinesOfDifferentLength) {
    EXPECT_THROW(TokenFile(file("one\nthree\n"), 1), std::runtime_error);
    EXPECT_THROW(TokenFile(file("one\ntwo"), 1), std::runtime_error) << "the last one has no end";
    EXPECT_THROW(TokenFile(file("one"), 1), std::runtime_error);
}

TEST_F(ATokenFile, IsRefusedWithLinesOfDifferentLengthThatAddUp) {
    EXPECT_THAT([&] { TokenFile(file("one\ntwo4\nsi\n"), 1); },
                ThrowsMessage<std::runtime_error>(HasSubstr("line 2 has another length than the first")));
}

TEST_F(ATokenFile, IsRefusedWhenItIsEmptyOrNotThereOrNoFile) {
    EXPECT_THROW(TokenFile(file(""), 1), std::runtime_error);
    EXPECT_THROW(TokenFile(folder / "nothing", 1), std::runtime_error);
    EXPECT_THROW(TokenFile(folder.path, 1), std::runtime_error);
}

}  // namespace
}  // namespace load
