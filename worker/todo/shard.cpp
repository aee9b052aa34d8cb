#include "shard.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace todo {
namespace {

/// The state of hash_bytes() in PostgreSQL's src/common/hashfn.c, which is Bob Jenkins's lookup3 with another seed.
struct Hash {
    std::uint32_t a;
    std::uint32_t b;
    std::uint32_t c;

    void mix() {
        a -= c, a ^= std::rotl(c, 4), c += b;
        b -= a, b ^= std::rotl(a, 6), a += c;
        c -= b, c ^= std::rotl(b, 8), b += a;
        a -= c, a ^= std::rotl(c, 16), c += b;
        b -= a, b ^= std::rotl(a, 19), a += c;
        c -= b, c ^= std::rotl(b, 4), b += a;
    }
    void finish() {
        c ^= b, c -= std::rotl(b, 14);
        a ^= c, a -= std::rotl(c, 11);
        b ^= a, b -= std::rotl(a, 25);
        c ^= b, c -= std::rotl(b, 16);
        a ^= c, a -= std::rotl(c, 4);
        b ^= a, b -= std::rotl(a, 14);
        c ^= b, c -= std::rotl(b, 24);
    }
};

/// Four bytes from there on, the lowest first.
std::uint32_t word(const Uuid& uuid, std::size_t first) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{uuid.bytes().at(first + i)} << (8 * i);
    return value;
}

}  // namespace

std::uint32_t hash_of(const Uuid& uuid) {
    constexpr std::uint32_t kBytes = 16;
    constexpr std::uint32_t kStart = 0x9e3779b9 + kBytes + 3923095;
    Hash hash{kStart + word(uuid, 0), kStart + word(uuid, 4), kStart + word(uuid, 8)};
    hash.mix();
    hash.a += word(uuid, 12);
    hash.finish();
    return hash.c;
}

std::size_t shard_of(OwnerId owner, std::size_t shards) {
    // Hashes are signed there: the first shard begins with the smallest. What the division leaves is the last one's.
    constexpr std::uint64_t kHashes = std::uint64_t{1} << 32;
    constexpr std::uint32_t kSmallest = std::uint32_t{1} << 31;
    const std::uint32_t place = hash_of(owner.value) - kSmallest;
    return std::min<std::size_t>(place / (kHashes / shards), shards - 1);
}

}  // namespace todo
