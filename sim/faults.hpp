#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace sim {

inline constexpr std::array<std::string_view, 3> endpoint_names{
    "metrics", "nodes_status", "network_stats"};
inline constexpr std::array<std::string_view, 3> endpoint_paths{
    "/api/v1/metrics", "/api/v1/nodes/status", "/api/v1/network/stats"};

enum class kind {
  none,
  refuse,      ///< All three: nobody listens. One: closed without an answer.
  reset,       ///< The request is answered with a TCP reset.
  hang,        ///< Never an answer.
  slow,        ///< The answer comes `delay` late.
  drip,        ///< One byte every `delay`.
  status,      ///< An HTTP status.
  garbage,     ///< Bytes that are no HTTP.
  no_json,     ///< 200 and an HTML page.
  truncated,   ///< Half of the body, then the end.
  oversized,   ///< A body of `size` bytes.
  wrong_types, ///< Strings instead of numbers.
};

struct fault {
  sim::kind kind = kind::none;
  std::chrono::milliseconds delay{1000};
  int status = 500;
  int retry_after = 0; ///< Seconds; 0: no such header.
  std::size_t size = 4u << 20;
};

/// What the three endpoints suffer from.
using faults = std::array<fault, 3>;

/// Applies `{"endpoint": "metrics" | … | "all", "fault": "hang", "delay_ms":
/// 100, "status": 503, "retry_after": 2, "size": 4194304}`. Throws
/// `std::invalid_argument`.
void apply(faults& to, std::string_view json);

/// Applies `endpoint=fault[:number]` as a flag has it. Throws the same.
void apply_flag(faults& to, const std::string& flag);

bool nobody_listens(const faults& f);
std::string describe(const faults& f);

} // namespace sim
