/// The users' access tokens: a file with a line for each, all of one length, that stays where it is. All processes
/// share its pages with each other and with the kernel's cache; a copy for each connection would be 300 bytes.
///
/// Threads: immutable once made.
/// Errors:  std::runtime_error, with what to do, for a file that is not so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

class TokenFile {
public:
    /// Throws also when there are fewer lines than users.
    TokenFile(const std::string& path, std::uint32_t users);
    ~TokenFile();
    TokenFile(const TokenFile&) = delete;
    TokenFile& operator=(const TokenFile&) = delete;

    [[nodiscard]] std::string_view of(std::uint32_t user) const { return text_.substr(user * (length_ + 1), length_); }

private:
    std::string_view text_;
    std::size_t length_ = 0;  ///< Of a line, without its end.
};

}  // namespace load
