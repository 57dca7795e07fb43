#pragma once

#include "endpoints.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace sim {

enum class kind {
  none,
  refuse,    ///< All three: the port is closed. One: closed without an answer.
  reset,     ///< The request is answered with a TCP reset.
  hang,      ///< Never an answer.
  slow,      ///< The answer comes `delay` late.
  drip,      ///< One byte every `delay`.
  status,    ///< An HTTP status.
  garbage,   ///< Bytes that are not HTTP.
  no_json,   ///< 200 and an HTML page.
  truncated, ///< Half of the body, then the end.
  oversized, ///< A body of `size` bytes.
  wrong_types, ///< Strings instead of numbers.
};

struct fault {
  sim::kind kind = kind::none;
  std::chrono::milliseconds delay{1000};
  int status = 500;
  int retry_after = 0; ///< Seconds; 0: no such header.
  std::size_t size = 4u << 20;
};

/// The faults of the endpoints, by `index(endpoint)`.
using faults = std::array<fault, betanet::endpoint_count>;

/// Applies `{"endpoint": "metrics" | ... | "all", "fault": "hang", "delay_ms":
/// 100, "status": 503, "retry_after": 2, "size": 4194304}`. Throws
/// `std::invalid_argument`.
void apply(faults& to, std::string_view json);

/// Applies `endpoint=fault[:number]`, the value of a flag. Throws
/// `std::invalid_argument`.
void apply_flag(faults& to, const std::string& flag);

/// Whether the port is closed: every endpoint refuses.
bool nobody_listens(const faults& f);

/// The faults as a JSON object, by endpoint.
std::string describe(const faults& f);

} // namespace sim
