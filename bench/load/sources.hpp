/// From where to where each connection goes: source address, source port and server port, each combination once.
///
/// TCP tells connections apart by these, so one source address has some 65,000 ports for each port of the server, and
/// 20 of those make 1.2 million. Each source is bound by name: left to itself, connect() looks through the port range
/// one by one, and slows to a crawl as the range fills.
///
/// Threads: immutable once made.
/// Errors:  std::invalid_argument, with a text for whoever wrote the option.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace load {

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(last - first) + 1; }
};

/// PORT or FIRST-LAST.
[[nodiscard]] PortRange parse_port_range(std::string_view text);

/// An IPv4 address, in the host's byte order.
[[nodiscard]] std::uint32_t parse_address(const std::string& text);

struct Target {
    std::uint32_t address = 0;
    PortRange ports;
};

/// ADDRESS:PORTS.
[[nodiscard]] Target parse_target(const std::string& text);

/// The machine itself, or an address that was named as allowed: a million connections are an attack on anybody else.
void require_allowed(std::uint32_t address, const std::vector<std::string>& allowed);

struct Endpoints {
    sockaddr_in source{};  ///< Port 0: the kernel chooses.
    sockaddr_in server{};
};

class Sources {
public:
    /// `addresses`: how many, from `first_address` on. Ports that somebody listens on are left out: who binds to them
    /// too would be refused.
    Sources(std::uint32_t first_address, std::uint32_t addresses, PortRange ports, const Target& target);
    /// The kernel chooses the ports.
    Sources(std::uint32_t first_address, std::uint32_t addresses, const Target& target);

    /// Connections that can be told apart.
    [[nodiscard]] std::uint64_t count() const;

    /// Neighbours go to different ports of the server.
    [[nodiscard]] Endpoints at(std::uint64_t n) const;

private:
    std::uint32_t first_address_;
    std::uint32_t addresses_;
    std::vector<std::uint16_t> ports_;  ///< Empty: the kernel chooses.
    Target target_;
};

}  // namespace load
