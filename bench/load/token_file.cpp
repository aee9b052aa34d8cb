#include "token_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace load {
namespace {

std::string_view map_file(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "tokens " + path);
    struct stat status {};
    fstat(fd, &status);
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const memory = size == 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    // Whose turn comes every few minutes has a page that nobody else touches: a kernel that makes room meanwhile would
    // read it from the disk for each request. Where it may not be locked, it takes its chance.
    if (memory != MAP_FAILED) (void)mlock(memory, size);
    if (memory == MAP_FAILED) throw std::runtime_error("tokens " + path + " is empty, or cannot be mapped into memory");
    return {static_cast<const char*>(memory), size};
}

}  // namespace

TokenFile::TokenFile(const std::string& path, std::uint32_t users) : text_{map_file(path)}, length_{text_.find('\n')} {
    if (length_ == std::string_view::npos || text_.size() % (length_ + 1) != 0) {
        throw std::runtime_error("tokens " + path + " has lines of different length: bench/tokens.mjs makes one");
    }
    const std::size_t lines = text_.size() / (length_ + 1);
    if (lines < users) {
        throw std::runtime_error("tokens " + path + " has " + std::to_string(lines) + " lines, and there are " +
                                 std::to_string(users) + " users");
    }
    for (std::size_t line = 1; line <= lines; ++line) {
        if (text_[line * (length_ + 1) - 1] != '\n') {
            throw std::runtime_error("tokens " + path + ": line " + std::to_string(line) +
                                     " has another length than the first");
        }
    }
}

TokenFile::~TokenFile() { munmap(const_cast<char*>(text_.data()), text_.size()); }

}  // namespace load
