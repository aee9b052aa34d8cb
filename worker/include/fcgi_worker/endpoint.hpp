/// The inside of Router::add(): a handler of either kind, brought to one form. No program needs it by itself.
///
/// Threads: an endpoint is called from any thread, as its handler is.
/// Errors:  what the handler throws.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/path_parameter.hpp>

namespace fcgi_worker::detail {

/// Not a Handler, and its arguments can be seen: it is neither overloaded nor a template.
template <typename T>
concept IsTypedHandler = !std::is_convertible_v<T, Handler> && requires(T handler) {
    std::function{handler};
};

/// What a route calls. It gets a value for each name of the pattern, in the pattern's order, and answers none where
/// one of them is no value of its argument's type.
struct Endpoint {
    std::size_t arguments = 0;  ///< Behind the request. 0: the handler asks the request for them.
    std::function<std::optional<Response>(const Request&, const Fields& path_parameters)> call = {};
};

template <typename Result, typename First, typename... Arguments, std::size_t... place>
std::optional<Response> call_typed(const std::function<Result(First, Arguments...)>& handler, const Request& request,
                                   Fields::const_iterator first, std::index_sequence<place...> /*places*/) {
    std::tuple<std::optional<std::remove_cvref_t<Arguments>>...> parsed{
        PathParameter<std::remove_cvref_t<Arguments>>::parse(std::next(first, place)->second)...};
    if (!(std::get<place>(parsed) && ...)) return std::nullopt;
    return handler(request, *std::move(std::get<place>(parsed))...);
}

/// A handler without a target makes an endpoint without one.
template <typename Result, typename First, typename... Arguments>
Endpoint typed_endpoint(std::function<Result(First, Arguments...)> handler) {
    static_assert((IsPathParameter<std::remove_cvref_t<Arguments>> && ...),
                  "specialise fcgi_worker::PathParameter for each argument behind the request");
    if (!handler) return {};
    return {sizeof...(Arguments), [handler = std::move(handler)](const Request& request, const Fields& values) {
                return call_typed(handler, request, values.begin(), std::index_sequence_for<Arguments...>{});
            }};
}

}  // namespace fcgi_worker::detail
