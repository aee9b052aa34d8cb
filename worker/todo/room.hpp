/// How many todos an owner may still create before they are counted again.
///
/// Counting takes a look at each of an owner's todos. Where there were far fewer than the most a moment ago, so many
/// more need no count: a sixty-fourth of the room there was. The nearer the most, the more often it counts, and the
/// last ones always. What other processes create meanwhile is not seen for a second; then one request counts again, and
/// those beside it need not.
///
/// Threads: every member may be called from any thread.
/// Errors:  none.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>

#include <fcgi_worker/deadline.hpp>

#include "todo.hpp"

namespace todo {

class Room {
public:
    /// Of the room that was counted; so many processes at the same owner fill it before one of them counts again.
    static constexpr std::size_t kShare = 64;
    static constexpr std::chrono::milliseconds kLifetime{1000};
    static constexpr std::size_t kFew = 100;        ///< Todos, which are counted as fast as they are remembered.
    static constexpr std::size_t kOwners = 10'000;  ///< Remembered at most, some 100 bytes each.

    explicit Room(std::size_t most) : most_(most) {}

    /// Whether the owner may create one more without a count.
    bool take(OwnerId owner);
    /// It was not created.
    void give_back(OwnerId owner);
    /// What a count found, before the one that was created with it.
    void note(OwnerId owner, std::size_t owned);

private:
    struct Entry {
        std::size_t left;
        fcgi_worker::Deadline until;
    };

    const std::size_t most_;
    std::mutex mutex_;
    std::map<OwnerId, Entry> entries_;
};

}  // namespace todo
