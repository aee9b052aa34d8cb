#include "sources.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "numbers.hpp"

namespace load {
namespace {

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(address);
    result.sin_port = htons(port);
    return result;
}

std::uint16_t parse_port(std::string_view text, const std::string& whole) {
    std::uint16_t port = 0;
    if (!reads(text, port) || port == 0) {
        throw std::invalid_argument("ports are PORT or FIRST-LAST, from 1 to 65535; not '" + whole + "'");
    }
    return port;
}

/// Nobody listens there. Connections of others do not matter: theirs go to other places.
bool can_bind(std::uint32_t address, std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in wanted = socket_address(address, port);
    const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0;
    close(fd);
    return bound;
}

}  // namespace

PortRange parse_port_range(std::string_view text) {
    const std::string whole{text};
    const std::size_t dash = text.find('-');
    PortRange range;
    range.first = parse_port(text.substr(0, dash), whole);
    range.last = dash == std::string_view::npos ? range.first : parse_port(text.substr(dash + 1), whole);
    if (range.last < range.first) throw std::invalid_argument("the ports '" + whole + "' end before they begin");
    return range;
}

std::uint32_t parse_address(const std::string& text) {
    in_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
        throw std::invalid_argument("an address is four numbers with dots between them, like 127.0.0.1; not '" + text +
                                    "'");
    }
    return ntohl(address.s_addr);
}

Target parse_target(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos)
        throw std::invalid_argument("a target is ADDRESS:PORTS, like 127.0.0.1:8080-8099; not '" + text + "'");
    return {parse_address(text.substr(0, colon)), parse_port_range(std::string_view{text}.substr(colon + 1))};
}

void require_allowed(std::uint32_t address, const std::vector<std::string>& allowed) {
    if (address >> 24U == 127) return;
    if (std::any_of(allowed.begin(), allowed.end(),
                    [&](const std::string& one) { return parse_address(one) == address; }))
        return;
    throw std::invalid_argument(
        "the load would go to another machine: only what is in 127.0.0.0/8, or named by --allow ADDRESS, is asked");
}

Sources::Sources(std::uint32_t first_address, std::uint32_t addresses, PortRange ports, const Target& target)
    : Sources{first_address, addresses, target} {
    for (std::uint32_t port = ports.first; port <= ports.last; ++port) {
        if (can_bind(first_address, static_cast<std::uint16_t>(port)))
            ports_.push_back(static_cast<std::uint16_t>(port));
    }
    if (ports_.empty())
        throw std::invalid_argument("none of the source ports can be bound: name others with --source-ports");
}

Sources::Sources(std::uint32_t first_address, std::uint32_t addresses, const Target& target)
    : first_address_{first_address}, addresses_{addresses}, target_{target} {}

std::uint64_t Sources::count() const {
    if (ports_.empty()) return std::numeric_limits<std::uint64_t>::max();
    return std::uint64_t{addresses_} * ports_.size() * target_.ports.count();
}

Endpoints Sources::at(std::uint64_t n) const {
    const std::uint32_t servers = target_.ports.count();
    const auto server_port = static_cast<std::uint16_t>(target_.ports.first + n % servers);
    std::uint64_t rest = n / servers;
    std::uint16_t source_port = 0;
    if (!ports_.empty()) {
        source_port = ports_[rest % ports_.size()];
        rest /= ports_.size();
    }
    const auto address = static_cast<std::uint32_t>(first_address_ + rest % addresses_);
    return {socket_address(address, source_port), socket_address(target_.address, server_port)};
}

}  // namespace load
