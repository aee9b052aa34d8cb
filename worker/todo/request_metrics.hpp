/// Counts answers by route, method and status, and how long they took, for Prometheus.
///
/// Threads: every member may be called from any thread.
/// Errors:  none but for want of memory; note() does without its count then.
#pragma once

#include <memory>
#include <string>

#include <fcgi_worker/http.hpp>

namespace todo {

class RequestMetrics {
public:
    RequestMetrics();
    ~RequestMetrics();
    RequestMetrics(const RequestMetrics&) = delete;
    RequestMetrics& operator=(const RequestMetrics&) = delete;

    /// One answer. Labels are bounded, whatever clients send: paths without a route are route "none", methods that
    /// HTTP's registry does not know "other".
    void note(const fcgi_worker::Request& request, const fcgi_worker::Response& response,
              const fcgi_worker::TimeSpent& spent) noexcept;

    /// All of them in Prometheus' text format.
    [[nodiscard]] std::string text() const;

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace todo
