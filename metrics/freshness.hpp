#pragma once

#include "metrics/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// Functions that say how a snapshot is to be shown at a later time `now`.
namespace betanet::metrics {

/// The time since the endpoint's last good poll; empty before the first one.
std::optional<duration> age(const snapshot& s, endpoint e, time_point now);

/// Whether the endpoint is stale: its latest finished poll was not good, the
/// breaker has refused a tick since the last good poll, or that poll is longer
/// ago than two intervals plus the timeout. Before the first good poll the time
/// counts from `snapshot::started`.
bool stale(const snapshot& s, endpoint e, time_point now);

/// The value of the field as it was last read; nothing if it was not read since
/// the start, is too old, or may not stand for that of the latest answer.
std::optional<double> visible(const snapshot& s, field f, time_point now);

/// The value that a page shows for the family: that of its field or, where
/// `parse_fallback` says so, the default 0. Nothing if the family is absent.
std::optional<double> visible(const snapshot& s, const family_row& row,
                              time_point now);

/// Whether the latest finished poll of the endpoint was good.
bool up(const snapshot& s, endpoint e);

/// Whether all three endpoints are up.
bool up(const snapshot& s);

/// Whether the latest finished poll of an endpoint was not good. A target that
/// has not finished a poll yet is neither up nor failing.
bool failing(const snapshot& s);

/// What a scrape finds in the cache for one target.
enum class lookup : std::uint8_t {
  fresh,   ///< All three endpoints had a good poll less than the TTL ago.
  expired, ///< At least one value is shown, but the lookup is not `fresh`.
  miss,    ///< No value is shown, however young the latest good polls are.
};

inline constexpr std::size_t lookup_count = 3;

constexpr std::size_t index(lookup l) {
  return static_cast<std::size_t>(l);
}

lookup look_up(const snapshot& s, time_point now);

/// Whether the target's next tick is late by more than two intervals and by
/// more than ten seconds, which means that the scheduler has stopped working.
bool overdue(const snapshot& s, time_point now);

} // namespace betanet::metrics
