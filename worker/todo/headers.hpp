/// What the headers of a request say to its handler.
///
/// Threads: functions without state.
/// Errors:  fcgi_worker::Problem: 400 invalid-header, 415 unsupported-media-type.
#pragma once

#include <optional>

#include <fcgi_worker/http.hpp>

#include "etag.hpp"
#include "store.hpp"

namespace todo {

/// The body of a POST or PUT is application/json, in UTF-8, not compressed. Else 415.
void require_json(const fcgi_worker::Request& request);

/// The body of a PATCH is application/merge-patch+json, or application/json as TodoBackend's clients send it. Else 415.
void require_merge_patch(const fcgi_worker::Request& request);

[[nodiscard]] std::optional<TagCondition> if_match(const fcgi_worker::Request& request);
[[nodiscard]] std::optional<TagCondition> if_none_match(const fcgi_worker::Request& request);

/// If-Match, and of If-None-Match the `*`, which makes a PUT create and never replace. Tags there are refused
/// rather than ignored: whoever sends a condition with a write relies on it.
[[nodiscard]] Preconditions put_preconditions(const fcgi_worker::Request& request);

/// If-Match; If-None-Match is refused.
[[nodiscard]] Preconditions preconditions(const fcgi_worker::Request& request);

/// For writes to the collection, which has no entity tag: refuses both.
void refuse_preconditions(const fcgi_worker::Request& request);

/// The Idempotency-Key with a digest of what the request asks for: method, path, query and body. Conditions are
/// left out, so that a client that lost the answer may repeat the write with the entity tag it has read since.
[[nodiscard]] std::optional<WriteKey> write_key(const fcgi_worker::Request& request);

}  // namespace todo
