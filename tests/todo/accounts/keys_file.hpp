/// A file of keys, as --token-keys wants it, for as long as it lives.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "../../fcgi_worker/temporary_folder.hpp"

namespace todo {

class KeysFile {
public:
    explicit KeysFile(const std::string& json) {
        std::ofstream{path_} << json;
        set_mode(0600);
    }

    void set_mode(unsigned mode) const { std::filesystem::permissions(path_, std::filesystem::perms{mode}); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    TemporaryFolder folder_;
    std::string path_ = folder_ / "keys.json";
};

}  // namespace todo
