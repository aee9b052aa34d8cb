#include "pq/servers.hpp"

#include <algorithm>
#include <utility>

namespace fcgi_worker::pq {
namespace {

/// The words that are lists, an entry for each server.
constexpr const char* kHost = "host";
constexpr const char* kAddress = "hostaddr";
constexpr const char* kPort = "port";

std::vector<std::string> entries(std::string_view list) {
    std::vector<std::string> all;
    for (;;) {
        const std::size_t comma = list.find(',');
        all.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return all;
        list.remove_prefix(comma + 1);
    }
}

/// One word of a connection string.
void append(std::string& text, const std::string& keyword, std::string_view value) {
    text += keyword + "='";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
    }
    text += "' ";
}

}  // namespace

Servers::Servers(std::map<std::string, std::string> settings) : settings_{std::move(settings)} {
    const auto list = [&](const char* keyword) {
        const auto found = settings_.find(keyword);
        return found == settings_.end() ? std::vector<std::string>{} : entries(found->second);
    };
    const std::vector<std::string> hosts = list(kHost);
    const std::vector<std::string> addresses = list(kAddress);
    const std::vector<std::string> ports = list(kPort);
    const std::size_t number = std::max(hosts.size(), addresses.size());
    const auto fits = [number](const std::vector<std::string>& of) { return of.empty() || of.size() == number; };
    // Lists that do not match are libpq's to refuse.
    if (number < 2 || !fits(hosts) || !fits(addresses) || !(fits(ports) || ports.size() == 1)) return;
    for (std::size_t n = 0; n < number; ++n) {
        places_.push_back({hosts.empty() ? "" : hosts[n], addresses.empty() ? "" : addresses[n],
                           ports.empty() ? "" : ports[ports.size() == 1 ? 0 : n]});
    }
    for (const char* keyword : {kHost, kAddress, kPort}) settings_.erase(keyword);
    settings_.emplace("target_session_attrs", "read-write");
}

Servers Servers::standbys(std::size_t number) const {
    Servers standbys = *this;
    standbys.settings_["target_session_attrs"] = "standby";
    if (are_several()) standbys.first_ = number % places_.size();
    standbys.are_standbys_ = true;
    return standbys;
}

std::string Servers::connection_string() const {
    std::string text;
    for (const auto& [keyword, value] : settings_) append(text, keyword, value);
    const auto append_list = [&](const char* keyword, std::string Place::*field) {
        std::string list;
        for (std::size_t n = 0; n < places_.size(); ++n) {
            if (n > 0) list += ',';
            list += places_[(first_ + n) % places_.size()].*field;
        }
        if (list.find_first_not_of(',') != std::string::npos) append(text, keyword, list);
    };
    append_list(kHost, &Place::host);
    append_list(kAddress, &Place::address);
    append_list(kPort, &Place::port);
    return text;
}

void Servers::prefer(std::string_view host, std::string_view port) noexcept {
    const auto found = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
        return (place.host.empty() ? place.address : place.host) == host && (place.port.empty() || place.port == port);
    });
    if (found != places_.end()) first_ = static_cast<std::size_t>(found - places_.begin());
}

}  // namespace fcgi_worker::pq
