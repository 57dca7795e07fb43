#pragma once

#include "endpoints.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace sim {

/// What an endpoint does instead of answering correctly.
enum class kind {
  none, ///< The endpoint answers correctly.
  /// The connection is closed without an answer. If all endpoints have this
  /// fault, the port is closed.
  refuse,
  reset,       ///< The connection is reset after the request.
  hang,        ///< The request is never answered.
  slow,        ///< The answer is sent after `delay`.
  drip,        ///< The answer is sent byte by byte, one byte per `delay`.
  status,      ///< The answer has the status `status`.
  garbage,     ///< The answer is not HTTP.
  no_json,     ///< The answer has status 200 and is an HTML page.
  truncated,   ///< The connection is closed after half of the body.
  oversized,   ///< The body has `size` bytes.
  wrong_types, ///< The values are strings instead of numbers.
  body,        ///< The answer has status 200 and the body `body`.
};

/// A fault and its parameters.
struct fault {
  sim::kind kind = kind::none;
  std::chrono::milliseconds delay{1000};
  int status = 500;
  std::string retry_after;     ///< The `Retry-After` header; empty: none.
  std::size_t size = 4u << 20; ///< Bytes.
  std::string body;
};

/// The faults of the endpoints, by `index(endpoint)`.
using faults = std::array<fault, betanet::endpoint_count>;

/// Applies `{"endpoint": "metrics" | ... | "all", "fault": "hang", "delay_ms":
/// 100, "status": 503, "retry_after": 2, "size": 4194304, "body": "{}"}`.
/// `retry_after` may also be a string. Throws `std::invalid_argument`, also for
/// an unknown key.
void apply(faults& to, std::string_view json);

/// Sets a fault from the value of the flag `--fault`, which has the form
/// `endpoint=fault[:number]`. The number is the status, the size or the delay
/// in milliseconds; for `body` it is the text of the body. Throws
/// `std::invalid_argument`.
void apply_flag(faults& to, const std::string& flag);

/// The names of the faults and their numbers, for the help text.
std::string describe_kinds();

/// Whether all endpoints have the fault `refuse`, so that the port is closed.
bool nobody_listens(const faults& f);

/// The kinds of the faults as a JSON object with one member per endpoint.
std::string describe(const faults& f);

} // namespace sim
