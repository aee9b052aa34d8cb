/// The writer of the log's lines: who says something never waits, and what is lost is counted and said.
#include "line_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../fcgi_worker/temporary_folder.hpp"
#include "../patience.hpp"
#include "slow_pipe.hpp"

namespace todo {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Ge;
using testing::Le;
using Clock = std::chrono::steady_clock;

std::string lost_line(std::size_t lost) { return "lost " + std::to_string(lost) + "\n"; }

/// Line number `i`, of 100 bytes with its end.
std::string numbered(std::size_t i) {
    std::string line = std::to_string(i) + ' ';
    return line.append(99 - line.size(), 'x') + '\n';
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// How many lines a text tells of: those that stand in it in their order, and those that are said to be missing in
/// their place. Counts up to the first that is neither.
std::size_t accounted_for(const std::string& text) {
    std::size_t next = 0;
    for (const std::string& line : lines_of(text)) {
        if (line.starts_with("lost ")) {
            next += std::stoul(line.substr(5));
        } else if (line + '\n' == numbered(next)) {
            ++next;
        } else {
            break;
        }
    }
    return next;
}

/// How long `action` takes.
milliseconds time_of(const std::function<void()>& action) {
    const Clock::time_point start = Clock::now();
    action();
    return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

struct LineWriterOnAPipe : testing::Test {
    static constexpr std::size_t kQueue = 10'000;  ///< 100 lines.
    static constexpr std::size_t kLines = 1000;    ///< Far more than pipe and queue hold.

    [[nodiscard]] LineWriterOptions options() const {
        return {
            .descriptor = pipe.writer(), .queue_bytes = kQueue, .flush_time = milliseconds{200}, .notice = lost_line};
    }

    SlowPipe pipe;
};

TEST_F(LineWriterOnAPipe, WritesLinesInTheirOrder) {
    std::string expected;
    {
        LineWriter writer{options()};
        for (std::size_t i = 0; i < 30; ++i) {
            writer.write(numbered(i));
            expected += numbered(i);
        }
        EXPECT_EQ(pipe.read_until(numbered(29)), expected);
        EXPECT_EQ(writer.lost(), 0U);
    }
    pipe.close_writer();
    EXPECT_EQ(pipe.read_all(), "") << "and nothing else";
}

TEST_F(LineWriterOnAPipe, DelaysNobodyWhileTheReaderStandsStill) {
    LineWriter writer{options()};

    const milliseconds time = time_of([&] {
        for (std::size_t i = 0; i < kLines; ++i) writer.write(numbered(i));
    });

    EXPECT_LT(time, milliseconds{1000}) << "for all of them";
    EXPECT_THAT(writer.lost(), AllOf(Ge(kLines - (kQueue + SlowPipe::kBytes) / 100), Le(kLines - kQueue / 100)));
}

TEST_F(LineWriterOnAPipe, SaysHowManyWereLostWhereTheyAreMissing) {
    std::string text;
    std::size_t lost = 0;
    {
        LineWriter writer{options()};
        for (std::size_t i = 0; i < kLines; ++i) writer.write(numbered(i));
        lost = writer.lost();
        while (accounted_for(text) < kLines) {
            const std::string more = pipe.read_until("\n");
            ASSERT_NE(more, "") << "nothing comes any more behind " << text;
            text += more;
        }
        for (std::size_t i = kLines; i < kLines + 10; ++i) writer.write(numbered(i));
        text += pipe.read_until(numbered(kLines + 9));
        EXPECT_EQ(writer.lost(), lost) << "with room again";
    }
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(accounted_for(text), kLines + 10) << text;
}

TEST_F(LineWriterOnAPipe, EndsInTimeWhileTheReaderStandsStill) {
    auto writer = std::make_unique<LineWriter>(options());
    for (std::size_t i = 0; i < kLines; ++i) writer->write(numbered(i));

    const milliseconds time = time_of([&] { writer.reset(); });

    EXPECT_THAT(time, AllOf(Ge(milliseconds{200}), Le(milliseconds{2000})));
}

TEST_F(LineWriterOnAPipe, WritesWhatWaitsBeforeItEnds) {
    auto writer = std::make_unique<LineWriter>(LineWriterOptions{
        .descriptor = pipe.writer(), .queue_bytes = kQueue, .flush_time = kPatience, .notice = lost_line});
    for (std::size_t i = 0; i < kQueue / 100; ++i) writer->write(numbered(i));
    std::string text;
    std::thread reader{[&] { text = pipe.read_all(); }};

    writer.reset();
    pipe.close_writer();
    reader.join();

    EXPECT_EQ(lines_of(text).size(), kQueue / 100);
}

TEST_F(LineWriterOnAPipe, WaitsForRoomWhereSomebodyMadeItNonBlocking) {
    fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
    LineWriter writer{options()};
    for (std::size_t i = 0; i < kQueue / 100; ++i) writer.write(numbered(i));

    EXPECT_EQ(lines_of(pipe.read_until(numbered(kQueue / 100 - 1))).size(), kQueue / 100);
    EXPECT_EQ(writer.lost(), 0U);
}

TEST_F(LineWriterOnAPipe, EndsInTimeWhereItIsFullAndNonBlocking) {
    fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
    auto writer = std::make_unique<LineWriter>(options());
    for (std::size_t i = 0; i < kLines; ++i) writer->write(numbered(i));

    EXPECT_LE(time_of([&] { writer.reset(); }), milliseconds{2000});
}

TEST_F(LineWriterOnAPipe, CountsEachLineWhenTheReaderHasGone) {
    LineWriter writer{options()};
    pipe.close_reader();

    for (std::size_t i = 0; i < 10; ++i) writer.write(numbered(i));

    EXPECT_TRUE(comes_true([&] { return writer.lost() == 10; })) << writer.lost();
}

TEST_F(LineWriterOnAPipe, TearsNoLineWhereSeveralShareIt) {
    static constexpr std::size_t kWriters = 3;
    static constexpr std::size_t kLinesOfEach = 500;
    std::thread reader;
    std::string text;
    {
        std::vector<std::unique_ptr<LineWriter>> writers;
        for (std::size_t i = 0; i < kWriters; ++i) {
            writers.push_back(std::make_unique<LineWriter>(
                LineWriterOptions{.descriptor = pipe.writer(), .flush_time = kPatience, .notice = lost_line}));
        }
        for (std::size_t line = 0; line < kLinesOfEach; ++line) {
            for (std::size_t i = 0; i < kWriters; ++i) {
                writers[i]->write(std::string(200 + line, static_cast<char>('a' + i)) + '\n');
            }
        }
        reader = std::thread{[&] { text = pipe.read_all(); }};
    }
    pipe.close_writer();
    reader.join();

    const std::vector<std::string> lines = lines_of(text);
    EXPECT_EQ(lines.size(), kWriters * kLinesOfEach);
    for (const std::string& line : lines) {
        EXPECT_EQ(line.find_first_not_of(line.front()), std::string::npos) << "lines mixed: " << line;
    }
}

TEST_F(LineWriterOnAPipe, WritesALineThatIsLongerThanOneWrite) {
    LineWriter writer{options()};
    const std::string line = std::string(kQueue - 1, 'x') + '\n';

    writer.write(line);

    EXPECT_EQ(pipe.read_until("\n"), line);
}

TEST_F(LineWriterOnAPipe, LosesALineThatIsLongerThanItsQueue) {
    LineWriter writer{options()};

    writer.write(std::string(kQueue, 'x') + '\n');
    EXPECT_EQ(pipe.read_until("\n"), lost_line(1));
    writer.write("after\n");

    EXPECT_EQ(pipe.read_until("\n"), "after\n");
    EXPECT_EQ(writer.lost(), 1U);
}

TEST(LineWriterOnNothing, CountsEachLine) {
    LineWriter writer{{.descriptor = -1, .notice = lost_line}};

    for (std::size_t i = 0; i < 10; ++i) writer.write(numbered(i));

    EXPECT_TRUE(comes_true([&] { return writer.lost() == 10; })) << writer.lost();
}

// ---- Files

TEST(LineWriterOnAFullDisk, CountsEachLine) {
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    {
        LineWriter writer{{.descriptor = full, .notice = lost_line}};
        for (std::size_t i = 0; i < 1000; ++i) writer.write(numbered(i));
        EXPECT_TRUE(comes_true([&] { return writer.lost() == 1000; })) << writer.lost();
    }
    close(full);
}

/// A file that may only get so long, which stands for a disk that is nearly full. It begins with a hole, so that the
/// limit, which is one of the whole process, is above all that other files are.
struct LineWriterOnAFile : testing::Test {
    static constexpr std::size_t kHole = std::size_t{1} << 24U;

    LineWriterOnAFile() {
        getrlimit(RLIMIT_FSIZE, &before_);
        EXPECT_EQ(ftruncate(descriptor, kHole), 0);
    }
    ~LineWriterOnAFile() override {
        setrlimit(RLIMIT_FSIZE, &before_);
        close(descriptor);
    }

    void allow(std::size_t bytes) const {
        rlimit limit = before_;
        limit.rlim_cur = kHole + bytes;
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    void allow_all() const { setrlimit(RLIMIT_FSIZE, &before_); }

    [[nodiscard]] std::string text() const {
        std::ifstream file{path};
        file.seekg(kHole);
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    TemporaryFolder folder;
    const std::string path = folder / "log";
    const int descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

private:
    rlimit before_{};
};

TEST_F(LineWriterOnAFile, EndsALineThatWasCutShortAndGoesOnBehindIt) {
    LineWriter writer{{.descriptor = descriptor, .notice = lost_line}};
    allow(150);
    writer.write(numbered(0));
    ASSERT_TRUE(comes_true([&] { return text() == numbered(0); })) << text();
    writer.write(numbered(1));
    ASSERT_TRUE(comes_true([&] { return writer.lost() == 1; })) << text();
    writer.write(numbered(2));
    ASSERT_TRUE(comes_true([&] { return writer.lost() == 2; })) << text();

    allow_all();
    writer.write(numbered(3));

    const std::string expected = numbered(0) + numbered(1).substr(0, 50) + "\nlost 2\n" + numbered(3);
    EXPECT_TRUE(comes_true([&] { return text() == expected; })) << text();
    EXPECT_EQ(writer.lost(), 2U);
}

TEST_F(LineWriterOnAFile, IsEndedAtOnceWhenAllIsWritten) {
    auto writer = std::make_unique<LineWriter>(
        LineWriterOptions{.descriptor = descriptor, .flush_time = kPatience, .notice = lost_line});
    std::string expected;
    for (std::size_t i = 0; i < 2000; ++i) {
        writer->write(numbered(i));
        expected += numbered(i);
    }

    EXPECT_LT(time_of([&] { writer.reset(); }), kPatience);

    EXPECT_EQ(text(), expected);
}

}  // namespace
}  // namespace todo
