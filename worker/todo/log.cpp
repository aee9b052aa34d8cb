#include "log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "line_writer.hpp"

namespace todo {
namespace {

using fcgi_worker::LogEntry;
using fcgi_worker::LogLevel;

/// Of a line, what is no message and no field: time, level and the braces.
constexpr std::size_t kFrameBytes = 80;

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarning:
            return spdlog::level::warn;
        case LogLevel::kError:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// RFC 3629: lead bytes, how long their sequence is, and between what its second byte lies.
struct Utf8Lead {
    std::uint8_t first, last;
    std::size_t length;
    std::uint8_t second_least, second_most;
};
constexpr std::array<Utf8Lead, 8> kUtf8Leads{{{0xC2, 0xDF, 2, 0x80, 0xBF},
                                              {0xE0, 0xE0, 3, 0xA0, 0xBF},
                                              {0xE1, 0xEC, 3, 0x80, 0xBF},
                                              {0xED, 0xED, 3, 0x80, 0x9F},
                                              {0xEE, 0xEF, 3, 0x80, 0xBF},
                                              {0xF0, 0xF0, 4, 0x90, 0xBF},
                                              {0xF1, 0xF3, 4, 0x80, 0xBF},
                                              {0xF4, 0xF4, 4, 0x80, 0x8F}}};

/// Bytes of the character of several bytes that `text` begins with; 0 where it begins with none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [text](std::size_t place) { return static_cast<std::uint8_t>(text[place]); };
    for (const auto& lead : kUtf8Leads) {
        if (byte(0) < lead.first || byte(0) > lead.last) continue;
        if (text.size() < lead.length || byte(1) < lead.second_least || byte(1) > lead.second_most) return 0;
        for (std::size_t place = 2; place < lead.length; ++place) {
            if ((byte(place) & 0xC0U) != 0x80U) return 0;
        }
        return lead.length;
    }
    return 0;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
        out += "\\u00";
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xFU];
    } else {
        out += c;
    }
}

/// What stands between the level and the closing brace.
std::string members(const LogEntry& entry, std::size_t longest_value = kLongestValue) {
    std::string out = "\"message\":" + json_string(entry.message, longest_value);
    for (const auto& field : entry.fields) {
        out += ',';
        out += json_string(field.name);
        out += ':';
        out += field.is_number ? field.value : json_string(field.value, longest_value);
    }
    return out;
}

/// The same, short enough for a line that is one write. Escapes make a value up to six times as long.
std::string short_members(const LogEntry& entry) {
    std::string out = members(entry);
    for (std::size_t longest = kLongestValue / 2; out.size() > PIPE_BUF - kFrameBytes && longest > 0; longest /= 2) {
        out = members(entry, longest);
    }
    return out;
}

std::unique_ptr<spdlog::formatter> make_formatter() {
    return std::make_unique<spdlog::pattern_formatter>(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                                                       spdlog::pattern_time_type::utc);
}

std::string lost_notice(std::size_t lost) {
    const LogEntry entry{LogLevel::kWarning, "lines of the log were lost", {{"lines", lost}}};
    spdlog::memory_buf_t line;
    make_formatter()->format({"", to_spdlog(entry.level), members(entry)}, line);
    return {line.data(), line.size()};
}

/// Its mutex is the formatter's, which keeps the second that it has written last; nobody writes under it.
class QueueSink : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit QueueSink(int descriptor)
        : base_sink(make_formatter()), writer_({.descriptor = descriptor, .notice = lost_notice}) {}

    [[nodiscard]] std::size_t lost() const { return writer_.lost(); }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        writer_.write({line.data(), line.size()});
    }
    void flush_() override {}

private:
    LineWriter writer_;
};

}  // namespace

std::string json_string(std::string_view text, std::size_t longest) {
    const bool whole = text.size() <= longest;
    std::string out = "\"";
    for (std::size_t place = 0; place < text.size() && place < longest;) {
        const auto byte = static_cast<std::uint8_t>(text[place]);
        const std::size_t length = byte < 0x80 ? 1 : sequence_length(text.substr(place));
        if (byte < 0x80) {
            append_escaped(out, text[place]);
        } else if (length > 0) {
            out += text.substr(place, length);
        } else {
            out += "\xEF\xBF\xBD";
        }
        place += length > 0 ? length : 1;
    }
    out += whole ? "\"" : "...\"";
    return out;
}

LogSink make_log(LogLevel least, int descriptor) {
    auto sink = std::make_shared<QueueSink>(descriptor);
    auto logger = std::make_shared<spdlog::logger>("", sink);
    logger->set_level(to_spdlog(least));
    const auto log = [logger](const LogEntry& entry) noexcept {
        try {
            const auto level = to_spdlog(entry.level);
            if (logger->should_log(level)) logger->log(level, spdlog::string_view_t(short_members(entry)));
        } catch (...) {  // No memory for a line: the caller's work goes on without it.
        }
    };
    return {log, [sink] { return sink->lost(); }};
}

}  // namespace todo
