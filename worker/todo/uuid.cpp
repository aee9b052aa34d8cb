#include "uuid.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "crypto.hpp"

namespace todo {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kTimeBytes = 6;

std::optional<std::uint8_t> hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
    if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
    return std::nullopt;
}

/// A hyphen stands in front of these bytes.
constexpr bool hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

/// Milliseconds since 1970 in the upper bits, the fraction of one in the 12 below: RFC 9562, section 6.2, method 3.
std::uint64_t to_ticks(std::chrono::sys_time<std::chrono::nanoseconds> time) {
    constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
    const auto nanoseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
    const std::uint64_t fraction = (nanoseconds % kNanosecondsPerMillisecond) * 4096 / kNanosecondsPerMillisecond;
    return (nanoseconds / kNanosecondsPerMillisecond) << 12 | fraction;
}

/// Each call gets a larger one, also within a tick (244 ns) and when the clock is set back: ids sort in the
/// order they were made in. Sharing it by all of the process is the point.
std::uint64_t next_ticks(std::uint64_t now) {
    static std::atomic<std::uint64_t> last{0};
    std::uint64_t seen = last.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
        next = now > seen ? now : seen + 1;
    } while (!last.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    return next;
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    std::array<std::uint8_t, Uuid::kBytes> bytes{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (hyphen_before(i) && text[at++] != '-') return std::nullopt;
        const auto high = hex_value(text[at++]);
        const auto low = hex_value(text[at++]);
        if (!high || !low) return std::nullopt;
        bytes.at(i) = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return Uuid{bytes};
}

std::string Uuid::to_string() const {
    std::string text;
    append_to(text);
    return text;
}

void Uuid::append_to(std::string& text) const {
    std::size_t at = text.size();
    text.append(36, '-');
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (hyphen_before(i)) ++at;
        text[at++] = kHexDigits[bytes_.at(i) >> 4];
        text[at++] = kHexDigits[bytes_.at(i) & 0x0F];
    }
}

Uuid Uuid::of_bytes(std::string_view bytes) {
    Uuid id;
    std::copy_n(bytes.begin(), id.bytes_.size(), id.bytes_.begin());
    return id;
}

std::chrono::sys_time<std::chrono::milliseconds> Uuid::time() const {
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < kTimeBytes; ++i) milliseconds = milliseconds << 8 | bytes_.at(i);
    return std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{milliseconds}};
}

Uuid make_uuid_v7() { return make_uuid_v7(std::chrono::system_clock::now()); }

Uuid make_uuid_v7(std::chrono::sys_time<std::chrono::nanoseconds> now) {
    std::array<std::uint8_t, Uuid::kBytes> bytes{};
    fill_random(bytes.data() + 8, 8);

    const std::uint64_t ticks = next_ticks(to_ticks(now));
    const std::uint64_t milliseconds = ticks >> 12;
    for (std::size_t i = 0; i < kTimeBytes; ++i) bytes.at(i) = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    bytes[6] = static_cast<std::uint8_t>(0x70 | (ticks >> 8 & 0x0F));
    bytes[7] = static_cast<std::uint8_t>(ticks);
    bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3F));
    return Uuid{bytes};
}

}  // namespace todo
