/// The servers that a connection string names, and which of them is tried first.
///
/// libpq tries one after the other, and waits connect_timeout for each that does not answer. Where the first one is
/// gone, each connection of a pool would wait for it: so the one that served last comes first.
///
/// Threads: one at a time.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fcgi_worker::pq {

class Servers {
public:
    /// The words of a connection string. Where they name several servers, the one that takes writes is looked for,
    /// unless target_session_attrs says something else.
    explicit Servers(std::map<std::string, std::string> settings);

    [[nodiscard]] bool are_several() const noexcept { return places_.size() > 1; }

    /// The standbys among them, whatever target_session_attrs says. They are tried from the one of this number on, so
    /// that processes that draw it share them.
    [[nodiscard]] Servers standbys(std::size_t number) const;
    [[nodiscard]] bool are_standbys() const noexcept { return are_standbys_; }

    /// As key='value' words, for libpq.
    [[nodiscard]] std::string connection_string() const;

    /// This one served, by the names that libpq has for it.
    void prefer(std::string_view host, std::string_view port) noexcept;

private:
    /// What the lists of a connection string say of one server; empty where libpq shall take what it always takes.
    struct Place {
        std::string host, address, port;
    };

    std::map<std::string, std::string> settings_;  ///< But for the lists, where there are several.
    std::vector<Place> places_;
    std::size_t first_ = 0;
    bool are_standbys_ = false;
};

}  // namespace fcgi_worker::pq
