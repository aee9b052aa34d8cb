#include "stack.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace stack {
namespace {

/// The program that a process runs; empty for one that has ended meanwhile, or is not ours to look at.
std::string program_of(const std::filesystem::path& process) {
    std::error_code error;
    return std::filesystem::read_symlink(process / "exe", error).string();
}

std::vector<std::filesystem::path> processes() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= '0' && c <= '9'; })) {
            found.push_back(entry.path());
        }
    }
    return found;
}

int id_of(const std::filesystem::path& process) { return std::stoi(process.filename().string()); }

}  // namespace

std::string setting(const std::string& name) {
    const char* value = std::getenv(("STACK_" + name).c_str());  // NOLINT(concurrency-mt-unsafe): nobody writes it
    if (value == nullptr || *value == '\0') {
        throw std::runtime_error("STACK_" + name + " is not set: start this program with tests/run or ./todo test");
    }
    return value;
}

std::vector<int> ports() {
    std::vector<int> ports(std::stoul(setting("PORTS")));
    int next = std::stoi(setting("FIRST_PORT"));
    for (int& port : ports) port = next++;
    return ports;
}

std::string run(const std::string& command) {
    // NOLINTNEXTLINE(cert-env33-c): the commands are the tests' own
    std::FILE* pipe = popen((command + " 2>&1 < /dev/null").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run: " + command);
    std::string output;
    std::array<char, 4096> buffer{};
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        output.append(buffer.data(), count);
    }
    const int status = pclose(pipe);
    while (output.ends_with('\n')) output.pop_back();
    if (status != 0) throw std::runtime_error(command + " failed: " + output);
    return output;
}

int process_in(const std::string& pid_file) {
    const std::string path = setting("STATE") + "/run/" + pid_file;
    int process = 0;
    if (!(std::ifstream{path} >> process)) throw std::runtime_error("no process id in " + path);
    return process;
}

std::string proc_file(int process, const std::string& name) {
    const std::ifstream file{"/proc/" + std::to_string(process) + "/" + name};
    std::ostringstream text;
    text << file.rdbuf();  // unlike an iterator it does not throw where the process ends in the middle
    return text.str();
}

std::vector<int> children_of(int process) {
    std::vector<int> children;
    for (const std::filesystem::path& candidate : processes()) {
        const std::string line = proc_file(id_of(candidate), "stat");
        // Behind the program's name in brackets: " S <parent> ...".
        const std::size_t name_end = line.rfind(") ");
        if (name_end == std::string::npos) continue;
        if (std::stoi(line.substr(name_end + 4)) == process) children.push_back(id_of(candidate));
    }
    return children;
}

std::vector<int> workers() {
    const std::string program = std::filesystem::canonical(setting("STATE") + "/bin/todo-worker");
    std::vector<int> found;
    for (const std::filesystem::path& process : processes()) {
        if (program_of(process) == program) found.push_back(id_of(process));
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string run_script(const std::string& script, const std::string& action) {
    return run("'" PROJECT_FOLDER "/" + script + "' " + action + " --state '" + setting("STATE") + "'");
}

int postmaster() { return process_in("../pg/postmaster.pid"); }

}  // namespace stack
