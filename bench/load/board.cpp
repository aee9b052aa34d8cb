#include "board.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace load {

Board::Board(std::size_t processes) : processes_{processes} {
    // Shared with the processes that are forked later.
    void* const memory =
        mmap(nullptr, processes * sizeof(ProcessBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "memory for the counters");
    boards_ = static_cast<ProcessBoard*>(memory);
    std::uninitialized_default_construct_n(boards_, processes);
}

Board::~Board() { munmap(boards_, processes_ * sizeof(ProcessBoard)); }

}  // namespace load
