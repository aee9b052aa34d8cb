/// What a user asks for, as text, and whether what came back is the user's own.
///
/// The data that bench/million/data loads: user N has ten todos, whose titles all begin with `user N: `, and so does
/// the title of each one that is made here. A list with another title in it shows one user what belongs to another.
///
/// Threads: immutable once made; random numbers are the caller's.
/// Errors:  std::invalid_argument for a mix that cannot be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace load {

enum class Kind : std::uint8_t { kList, kCreate, kPatch, kDelete };
inline constexpr std::size_t kKinds = 4;
inline constexpr std::array<std::string_view, kKinds> kKindNames{"list", "create", "patch", "delete"};

using Random = std::minstd_rand;  ///< 4 bytes of state; what is drawn here needs no better.

/// How many of a hundred requests are of which kind.
class Mix {
public:
    /// LIST:CREATE:PATCH:DELETE, in percent.
    explicit Mix(std::string_view text);

    [[nodiscard]] Kind draw(Random& random) const;

private:
    std::array<unsigned, kKinds> up_to_{};  ///< The kinds' sums, in percent.
};

/// The user as numbered in the data, from 0.
struct Asker {
    std::uint32_t number = 0;
    std::string_view token;
};

/// Writes a request into `text`, in place of what was there. `host` is the value of its Host header.
///
/// A PATCH changes one of the todos 1 to 5 of the user's ten, a DELETE takes one of 6 to 10: neither has to remember
/// what others did before, as a delete of what is deleted is answered like the first.
void write_request(std::string& text, Kind kind, const Asker& asker, std::string_view host, Random& random);

/// Whether each todo of the answer's body is the user's, and, in a list, whether the five are there that nobody
/// deletes.
[[nodiscard]] bool is_own(Kind kind, std::uint32_t number, std::string_view body);

}  // namespace load
