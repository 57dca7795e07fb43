#pragma once

#include "metrics/fields.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace betanet::metrics {

/// The values whose recent course the status page shows.
enum class trend : std::uint8_t {
  peers,           ///< Connected peers.
  active_mixnodes, ///< Active mixnodes.
  throughput,      ///< Transmitted bytes per second since the last read.
  loss,            ///< Dropped per processed packets since the last read.
  latency,         ///< Average latency in milliseconds.
};

inline constexpr std::array all_trends{trend::peers, trend::active_mixnodes,
                                       trend::throughput, trend::loss,
                                       trend::latency};
inline constexpr std::size_t trend_count = all_trends.size();

constexpr std::size_t index(trend t) {
  return static_cast<std::size_t>(t);
}

/// The field that tells the value of a trend, alone or with others of its
/// endpoint.
constexpr field field_of(trend t) {
  switch (t) {
  case trend::peers:
    return field::total_nodes;
  case trend::active_mixnodes:
    return field::active_nodes;
  case trend::throughput:
    return field::bytes_transmitted;
  case trend::loss:
    return field::packets_dropped;
  case trend::latency:
    break;
  }
  return field::avg_latency_ms;
}

/// The number of polls whose results and values a snapshot keeps.
inline constexpr std::size_t kept_polls = 20;

/// The values of one trend in the latest polls of its endpoint, oldest first.
/// Single precision keeps it small: a process may have thousands of targets.
class course {
public:
  course();

  /// Adds the value of a poll; empty if the poll did not tell it.
  void push(std::optional<double> value);

  /// The value of the poll `i`, of which the oldest is 0; empty if unknown.
  std::optional<double> at(std::size_t i) const;

  std::optional<double> latest() const { return at(kept_polls - 1); }

  /// The newest value that is known; empty if there is none.
  std::optional<double> newest() const;

private:
  std::array<float, kept_polls> values_; ///< NaN: unknown.
};

} // namespace betanet::metrics
