// A cursor is base64url (RFC 4648, without padding) over these bytes:
//     1   the layout's version
//     1   how the list is sorted: 0 by id, 1 by order, 2 by order where the todo has none
//    16   the todo's id
//     8   its order, big-endian: with sort 1 only
#include "cursor.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base64url.hpp"

namespace todo {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kById = 0;
constexpr std::uint8_t kByOrder = 1;
constexpr std::uint8_t kByOrderNone = 2;
constexpr std::size_t kShortBytes = 18;
constexpr std::size_t kLongBytes = 26;

std::uint8_t sort_byte(Sort sort, const Position& position) {
    if (sort == Sort::kById) return kById;
    return position.order ? kByOrder : kByOrderNone;
}

std::int64_t read_order(std::string_view bytes) {
    std::uint64_t order = 0;
    for (const char byte : bytes) order = order << 8 | static_cast<std::uint8_t>(byte);
    return static_cast<std::int64_t>(order);
}

}  // namespace

std::string encode_cursor(Sort sort, const Position& position) {
    std::string bytes;
    bytes += static_cast<char>(kVersion);
    bytes += static_cast<char>(sort_byte(sort, position));
    position.id.value.append_bytes_to(bytes);
    if (sort == Sort::kByOrder && position.order) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(static_cast<std::uint64_t>(*position.order) >> shift & 0xFF);
        }
    }
    return to_base64url(bytes);
}

std::optional<Position> decode_cursor(Sort sort, std::string_view text) {
    if (text.size() > 2 * kLongBytes) return std::nullopt;
    const std::optional<std::string> bytes = from_base64url(text);
    if (!bytes || bytes->size() < kShortBytes || static_cast<std::uint8_t>((*bytes)[0]) != kVersion) {
        return std::nullopt;
    }
    Position position{};
    position.id = TodoId{Uuid::of_bytes(std::string_view{*bytes}.substr(2))};

    const auto kind = static_cast<std::uint8_t>((*bytes)[1]);
    if (bytes->size() == kLongBytes && kind == kByOrder) {
        position.order = read_order(std::string_view{*bytes}.substr(kShortBytes));
        if (*position.order < -kOrderLimit || *position.order > kOrderLimit) return std::nullopt;
    } else if (bytes->size() != kShortBytes || kind == kByOrder) {
        return std::nullopt;
    }
    const bool fits = sort == Sort::kById ? kind == kById : kind == kByOrder || kind == kByOrderNone;
    if (!fits) return std::nullopt;
    return position;
}

}  // namespace todo
