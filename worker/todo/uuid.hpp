/// Identifiers: 128 bits, written as 8-4-4-4-12 hexadecimal digits in lower case.
///
/// Threads: values; make_uuid_v7() may be called from any thread.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace todo {

class Uuid {
public:
    static constexpr std::size_t kBytes = 16;

    Uuid() = default;  ///< All zero.
    explicit Uuid(std::array<std::uint8_t, kBytes> bytes) : bytes_(bytes) {}

    /// Upper case is read too. None for anything but the canonical form.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    void append_to(std::string& text) const;

    /// The first kBytes of them; there are as many.
    [[nodiscard]] static Uuid of_bytes(std::string_view bytes);
    void append_bytes_to(std::string& bytes) const { bytes.append(bytes_.begin(), bytes_.end()); }
    [[nodiscard]] const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }

    /// Of a version 7: when it was made.
    [[nodiscard]] std::chrono::sys_time<std::chrono::milliseconds> time() const;

    auto operator<=>(const Uuid&) const = default;

private:
    std::array<std::uint8_t, kBytes> bytes_{};
};

/// RFC 9562, version 7: milliseconds since 1970 with 12 bits of their fraction, then 62 random bits. Ids that one
/// process makes one after another sort in that order, so an owner's newest todo is the last of the primary key,
/// and machines need no common sequence. After start_crypto() only.
[[nodiscard]] Uuid make_uuid_v7();

/// The same at a moment of the caller's. One that is not later than an id made before still gives a larger id.
[[nodiscard]] Uuid make_uuid_v7(std::chrono::sys_time<std::chrono::nanoseconds> now);

}  // namespace todo
