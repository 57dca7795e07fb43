#pragma once

#include "metrics/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// What a snapshot still says at a later moment.
namespace betanet::metrics {

/// Since the last good poll; empty before the first.
std::optional<duration> age(const snapshot& s, endpoint e, time_point now);

/// The latest poll was not good, a tick was refused since, or the age exceeds
/// two intervals and a timeout (before the first good poll it runs from start).
bool stale(const snapshot& s, endpoint e, time_point now);

/// The value a page shows for `f`, if any.
std::optional<double> visible(const snapshot& s, field f, time_point now);

/// The latest finished poll was good.
bool up(const snapshot& s, endpoint e);
bool up(const snapshot& s); ///< All three endpoints are.

/// What a scrape found when it looked a target up.
enum class lookup : std::uint8_t {
  fresh, ///< All three endpoints were polled well within the TTL.
  stale, ///< Older values.
  miss,  ///< No value.
};

inline constexpr std::size_t lookup_count = 3;

constexpr std::size_t index(lookup l) {
  return static_cast<std::size_t>(l);
}

lookup look_up(const snapshot& s, time_point now);

/// The next instant at which `stale` or `visible` change by time alone.
time_point next_change(const snapshot& s, time_point now);

/// The target's next tick should have come long ago: by more than two intervals
/// and by more than ten seconds.
bool overdue(const snapshot& s, time_point now);

} // namespace betanet::metrics
