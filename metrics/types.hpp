#pragma once

#include "metrics/fields.hpp"

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace betanet::metrics {

/// Every decision runs on the steady clock. The wall clock only dates events.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;
using wall_time = std::chrono::system_clock::time_point;

/// Why an attempt failed: the values of the label `reason`.
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

inline constexpr std::array all_reasons{
    reason::dns,       reason::connect,  reason::reset, reason::eof,
    reason::timeout,   reason::status,   reason::tls,   reason::protocol,
    reason::too_large, reason::encoding, reason::json,  reason::schema,
    reason::local};
inline constexpr std::size_t reason_count = all_reasons.size();

constexpr std::size_t index(reason r) {
  return static_cast<std::size_t>(r);
}

std::string_view name(reason r);

/// The states of a circuit breaker; the value is what the page shows.
enum class breaker_state : std::uint8_t { closed = 0, open = 1, half_open = 2 };

inline constexpr std::array all_breaker_states{
    breaker_state::closed, breaker_state::open, breaker_state::half_open};
inline constexpr std::size_t breaker_state_count = all_breaker_states.size();

constexpr std::size_t index(breaker_state s) {
  return static_cast<std::size_t>(s);
}

std::string_view name(breaker_state s);

/// What an answer, or the lack of one, says about the upstream's transport.
enum class verdict : std::uint8_t {
  success, ///< The transport works, whatever the body says.
  failure, ///< Counts towards opening the breaker.
  neither, ///< An answer that says nothing about health (4xx, redirects).
  local,   ///< A fault of this process: no descriptors, a dead fetcher.
};

/// One failed attempt.
struct failure {
  reason why;
  std::string text;       ///< One line for people; outside text, not escaped.
  int status = 0;         ///< HTTP status if `why` is `status`.
  duration retry_after{}; ///< What a 502, 503 or 504 asked for; 0 = nothing.
};

/// Whether another attempt may help.
bool retryable(const failure& f);
verdict verdict_of(const failure& f);

/// The fields one answer carried; those of other endpoints stay empty.
using reading = std::array<std::optional<double>, field_count>;

/// How a poll ended.
enum class quality : std::uint8_t {
  good,    ///< All required fields were read, and no field was bad.
  partial, ///< A JSON object, but some field was bad.
  bad,     ///< Nothing was read.
};

std::string_view name(quality q);

/// The end of one chain of attempts.
struct poll {
  quality result = quality::bad;
  std::optional<metrics::failure> failure; ///< Of the last attempt.
  reading values{};
  /// Fields that the answer gave, but not as a valid number.
  std::bitset<field_count> unusable{};
  int attempts = 1;
};

} // namespace betanet::metrics
