/// Errors that a client reads, in the form of RFC 9457 (application/problem+json).
///
/// A handler throws one where a request cannot be served; the router answers with it. Problem is the
/// client's fault, Unavailable the machinery's. Whatever else is thrown is a bug: it is logged with
/// all it says and answered 500 with nothing of it.
///
/// Threads: values.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fcgi_worker/http.hpp>

namespace fcgi_worker {

/// What is wrong with one field of a body: an RFC 6901 pointer and a sentence.
struct FieldError {
    std::string pointer;  ///< "/title"; empty for the whole body.
    std::string detail;   ///< A sentence for people.
};

/// The client's fault, and what to do about it.
class Problem : public std::exception {
public:
    /// `code` is the stable end of the problem's type, `/problems/CODE`: lower case with hyphens.
    /// `detail` is a sentence for people that says what to do; it names no internals.
    /// Throws std::logic_error where the status is not of 400..599: a mistake in the program.
    Problem(int status, std::string code, std::string title, std::string detail, std::vector<FieldError> errors = {});

    /// Adds a header to the answer: `throw Problem{...}.with("Allow", "GET")`.
    [[nodiscard]] Problem with(std::string name, std::string value) &&;

    /// @{
    /// As it was made.
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] const std::vector<FieldError>& errors() const noexcept { return errors_; }
    /// @}
    /// Its detail.
    [[nodiscard]] const char* what() const noexcept override { return detail_.c_str(); }

    /// The answer as it goes to the client.
    [[nodiscard]] Response to_response(std::string_view request_id) const;

private:
    int status_;
    std::string code_;
    std::string title_;
    std::string detail_;
    std::vector<FieldError> errors_;
    Fields headers_;
};

/// 503 with Retry-After: something that the request needs is away or busy for now.
///
/// `cause` is for the log alone: the client learns only that it may come back.
class Unavailable : public std::exception {
public:
    /// `retry_after` is what the client is told to wait.
    explicit Unavailable(std::string cause, std::chrono::seconds retry_after = std::chrono::seconds{1});

    /// The cause.
    [[nodiscard]] const char* what() const noexcept override { return cause_.c_str(); }
    /// The answer as it goes to the client.
    [[nodiscard]] Response to_response(std::string_view request_id) const;

private:
    std::string cause_;
    std::chrono::seconds retry_after_;
};

}  // namespace fcgi_worker
