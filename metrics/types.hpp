#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace betanet::metrics {

/// Every decision runs on the steady clock; the wall clock only labels events.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;
using wall_time = std::chrono::system_clock::time_point;

/// The three resources of one Betanet service.
enum class endpoint : std::uint8_t { metrics, nodes_status, network_stats };

inline constexpr std::array all_endpoints{
    endpoint::metrics, endpoint::nodes_status, endpoint::network_stats};
inline constexpr std::size_t endpoint_count = all_endpoints.size();

/// The numbers we read, each from one endpoint.
enum class field : std::uint8_t {
  packets_processed,
  packets_dropped,
  total_nodes,
  active_nodes,
  inactive_nodes,
  bytes_transmitted,
  bytes_received,
  peak_throughput,
  avg_latency_ms,
};

inline constexpr std::size_t field_count = 9;

/// Why an attempt failed; the closed label set of `reason`.
enum class reason : std::uint8_t {
  dns,
  connect,
  reset,
  eof,
  timeout,
  status,
  tls,
  protocol,
  too_large,
  encoding,
  json,
  schema,
  local,
};

inline constexpr std::size_t reason_count = 13;

constexpr std::size_t index(endpoint e) {
  return static_cast<std::size_t>(e);
}
constexpr std::size_t index(field f) {
  return static_cast<std::size_t>(f);
}
constexpr std::size_t index(reason r) {
  return static_cast<std::size_t>(r);
}

std::string_view name(endpoint e);
std::string_view name(field f); ///< The JSON key.
std::string_view name(reason r);
endpoint source(field f); ///< The endpoint that publishes the field.

/// What an answer, or the lack of one, says about the upstream's transport.
enum class verdict : std::uint8_t {
  success, ///< The transport works, whatever the body says.
  failure, ///< Counts towards opening the breaker.
  neither, ///< An answer that says nothing about health (4xx, redirects).
  local,   ///< Our own fault: no descriptors, a dead fetcher.
};

/// One failed attempt.
struct failure {
  reason why;
  std::string text;       ///< One line for people; outside text, not escaped.
  int status = 0;         ///< HTTP status if `why` is `status`.
  duration retry_after{}; ///< What a 502, 503 or 504 asked for; 0 = nothing.
};

bool retryable(const failure& f);
verdict verdict_of(const failure& f);

/// The fields one answer carried; those of other endpoints stay empty.
using reading = std::array<std::optional<double>, field_count>;

/// How a poll ended.
enum class quality : std::uint8_t {
  good,    ///< All fields were read.
  partial, ///< A JSON object, but some field was bad.
  bad,     ///< Nothing was read.
};

/// The end of one chain of attempts.
struct poll {
  quality result = quality::bad;
  std::optional<metrics::failure> failure; ///< Of the last attempt.
  reading values{};
  int attempts = 1;
};

/// A cumulative histogram; `counts[i]` are the observations in bucket i alone,
/// the last one is +Inf.
template <std::size_t N>
struct histogram {
  std::array<std::uint64_t, N + 1> counts{};
  double sum = 0;

  void observe(const std::array<double, N>& bounds, double value) {
    std::size_t i = 0;
    while (i < N && value > bounds[i])
      ++i;
    ++counts[i];
    sum += value;
  }
};

/// Seconds; spec section 3.
inline constexpr std::array request_duration_bounds{
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};

/// Totals of one endpoint of one target since the process started.
struct endpoint_counters {
  std::uint64_t requests = 0; ///< Attempts: first tries, retries and probes.
  std::uint64_t retries = 0;
  std::uint64_t skipped = 0;  ///< Ticks that met a running poll.
  std::uint64_t rejected = 0; ///< Ticks refused by the breaker.
  std::array<std::uint64_t, reason_count> failures{};
  std::array<std::uint64_t, 3> transitions{}; ///< By entered breaker state.
  histogram<request_duration_bounds.size()> request_duration;
};

} // namespace betanet::metrics
