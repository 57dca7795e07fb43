#pragma once

#include "endpoints.hpp"

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

/// The endpoint whose polls tell the value of a trend.
constexpr endpoint source_of(trend t) {
  switch (t) {
  case trend::peers:
  case trend::active_mixnodes:
    return endpoint::nodes_status;
  case trend::loss:
    return endpoint::metrics;
  case trend::throughput:
  case trend::latency:
    break;
  }
  return endpoint::network_stats;
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

private:
  std::array<float, kept_polls> values_; ///< NaN: unknown.
};

} // namespace betanet::metrics
