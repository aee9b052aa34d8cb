/// How many todos an owner may still create before they are counted again.
///
/// Counting takes a look at each of an owner's todos. Where they were counted a moment ago, a sixty-fourth of the room
/// there was needs no count: the nearer the most, the more often it counts, and the last ones always. What other
/// processes create meanwhile is not seen for a minute; then one request counts again, and those beside it need not.
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
    /// As long as somebody writes down one todo after the other. It does not bound how many are too many: that is, at
    /// worst, a share of the room for each other process, however short this is.
    static constexpr std::chrono::milliseconds kLifetime{60'000};
    static constexpr std::size_t kOwners = 10'000;  ///< Remembered at most, some 100 bytes each.

    explicit Room(std::size_t most, std::chrono::milliseconds lifetime = kLifetime)
        : most_(most), lifetime_(lifetime) {}

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
    const std::chrono::milliseconds lifetime_;
    std::mutex mutex_;
    std::map<OwnerId, Entry> entries_;
};

}  // namespace todo
