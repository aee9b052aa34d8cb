#include "room.hpp"

namespace todo {

bool Room::take(OwnerId owner) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(owner);
    if (found == entries_.end()) return false;
    Entry& entry = found->second;
    if (entry.left == 0) {
        entries_.erase(found);
        return false;
    }
    if (const auto now = fcgi_worker::Clock::now(); now >= entry.until) {
        entry.until = now + lifetime_;
        return false;
    }
    --entry.left;
    return true;
}

void Room::give_back(OwnerId owner) {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(owner); found != entries_.end()) ++found->second.left;
}

void Room::note(OwnerId owner, std::size_t owned) {
    const std::size_t left = owned < most_ ? (most_ - owned - 1) / kShare : 0;
    const std::lock_guard lock{mutex_};
    entries_.erase(owner);
    if (left == 0) return;
    if (entries_.size() >= kOwners) entries_.clear();  // They are counted again.
    entries_.emplace(owner, Entry{left, fcgi_worker::deadline_after(lifetime_)});
}

}  // namespace todo
