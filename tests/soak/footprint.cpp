#include "footprint.hpp"

#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>

namespace api {
namespace {

/// The number behind a word at the beginning of a line.
std::size_t number_in(const std::string& path, const std::string& label) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(label)) return std::stoul(line.substr(label.size()));
    }
    throw std::runtime_error("there is no " + label + " in " + path);
}

std::size_t entries_of(const std::string& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder}) ++count;
    return count;
}

}  // namespace

Footprint Footprint::of(int process) {
    const std::string folder = "/proc/" + std::to_string(process);
    return {number_in(folder + "/smaps_rollup", "Anonymous:"), entries_of(folder + "/fd"),
            entries_of(folder + "/task")};
}

std::ostream& operator<<(std::ostream& out, const Footprint& footprint) {
    return out << footprint.memory_kib << " KiB, " << footprint.descriptors << " descriptors, " << footprint.threads
               << " threads";
}

}  // namespace api
