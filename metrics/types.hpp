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

/// All decisions use the steady clock. The wall clock is only used to show when
/// an event happened.
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
  http_2xx, ///< Not 200.
  http_3xx,
  http_4xx, ///< Not one of `auth`.
  http_5xx,
  auth, ///< 401, 403 or 407.
  tls,
  protocol,
  too_large,
  encoding,
  json,
  schema,
  local,
};

inline constexpr std::array all_reasons{
    reason::dns,       reason::connect,  reason::reset,    reason::eof,
    reason::timeout,   reason::http_2xx, reason::http_3xx, reason::http_4xx,
    reason::http_5xx,  reason::auth,     reason::tls,      reason::protocol,
    reason::too_large, reason::encoding, reason::json,     reason::schema,
    reason::local};
inline constexpr std::size_t reason_count = all_reasons.size();

constexpr std::size_t index(reason r) {
  return static_cast<std::size_t>(r);
}

std::string_view name(reason r);

/// Why an answer with this HTTP status is a failure; nothing for 200. The
/// status is final: from 200 to 599.
std::optional<reason> reason_of_status(int status);

/// The states of a circuit breaker. The values are those of the metric
/// `betanet_exporter_circuit_breaker_state`.
enum class breaker_state : std::uint8_t { closed = 0, open = 1, half_open = 2 };

inline constexpr std::array all_breaker_states{
    breaker_state::closed, breaker_state::open, breaker_state::half_open};
inline constexpr std::size_t breaker_state_count = all_breaker_states.size();

constexpr std::size_t index(breaker_state s) {
  return static_cast<std::size_t>(s);
}

std::string_view name(breaker_state s);

/// How the circuit breaker counts the result of a poll.
enum class verdict : std::uint8_t {
  success, ///< The service answered with 200, whatever the body contains.
  failure, ///< The poll counts towards opening the breaker.
  neither, ///< The service answered with a status below 500 other than 200.
  local,   ///< This process failed: no file descriptors, or a dead fetcher.
};

/// One failed attempt.
struct failure {
  reason why;
  /// A description in one line for the log. It may contain text from the
  /// upstream and is not escaped.
  std::string text;
  int status = 0;         ///< The HTTP status of the answer; 0: none, or 200.
  duration retry_after{}; ///< `Retry-After` of a 502, 503 or 504; 0: none.
};

/// Whether another attempt may succeed.
bool retryable(const failure& f);

/// How the circuit breaker counts a poll whose last attempt failed with `f`.
verdict verdict_of(const failure& f);

/// The values of the fields in one answer. Fields of other endpoints are empty.
using reading = std::array<std::optional<double>, field_count>;

/// How a poll ended.
enum class quality : std::uint8_t {
  good,    ///< All required fields were read, and no field was bad.
  partial, ///< The answer was a JSON object, but at least one field was bad.
  bad,     ///< No field was read.
};

inline constexpr std::array all_qualities{quality::good, quality::partial,
                                          quality::bad};

std::string_view name(quality q);

/// The result of a poll: the first attempt at an endpoint and its retries.
struct poll {
  quality result = quality::bad;
  std::optional<metrics::failure> failure; ///< Why the last attempt failed.
  reading values{};
  /// The fields for which the answer had no valid number, unless the field is
  /// optional and was missing or null.
  std::bitset<field_count> unusable{};
  /// What is wrong with the unusable fields of an object, such as "is missing".
  std::array<std::string, field_count> defects;
  int attempts = 1;
  /// The replica that the last attempt asked, by its place in the list.
  std::uint32_t replica = 0;
};

} // namespace betanet::metrics
