#include "phases.hpp"

#include <stdexcept>
#include <utility>

#include "numbers.hpp"

namespace load {
namespace {

/// Takes what stands before the next colon from the text.
std::string_view next_field(std::string_view& text) {
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
    return field;
}

Moment seconds(double value) { return std::chrono::duration_cast<Moment>(std::chrono::duration<double>{value}); }

}  // namespace

Phase parse_phase(std::string_view text) {
    const std::string whole{text};
    const auto refuse = [&whole](const char* why) {
        throw std::invalid_argument("a phase is RATE:SECONDS, or RATE:SECONDS:drop=USERS; in '" + whole + "' " + why);
    };
    Phase phase;
    phase.name = whole;
    if (!reads(next_field(text), phase.rate) || !(phase.rate >= 0 && phase.rate <= 10'000'000)) {
        refuse("the rate is no number from 0 to 10000000");
    }
    unsigned length = 0;
    if (!reads(next_field(text), length) || length < 1 || length > 86'400)
        refuse("the length is no number from 1 to 86400");
    phase.length = std::chrono::seconds{length};
    if (!text.empty()) {
        constexpr std::string_view kDrop = "drop=";
        const std::string_view more = next_field(text);
        if (!text.empty() || !more.starts_with(kDrop) || !reads(more.substr(kDrop.size()), phase.dropped)) {
            refuse("what follows the length is not drop=USERS");
        }
    }
    return phase;
}

Moment Plan::arrival(std::uint32_t n) const {
    const auto step = static_cast<std::uint32_t>(static_cast<std::uint64_t>(n) * steps / users);
    return seconds(n / ramp_rate) + step * step_pause;
}

Moment Plan::step_end(std::uint32_t step) const {
    const auto come = static_cast<std::uint32_t>(static_cast<std::uint64_t>(users) * step / steps);
    return seconds(come / ramp_rate) + step * step_pause;
}

void Plan::settle() {
    Moment begin = step_end(steps);
    double periods = 0;
    for (Phase& phase : phases) {
        phase.begin = begin;
        phase.periods_before = periods;
        begin = phase.end();
        periods += in_seconds(phase.length) * phase.rate / (static_cast<double>(users) * together);
    }
}

Moment Plan::period(const Phase& phase) const { return seconds(users * together / phase.rate); }

}  // namespace load
