#pragma once

#include "metrics/types.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace betanet::metrics {

/// The instants at which a target is collected: origin + offset + n * interval,
/// absolute, so that late work never makes them drift.
struct tick_grid {
  time_point origin;
  duration offset{};
  duration interval{};

  /// The first grid point strictly after `t`. Points that passed unseen (the
  /// machine slept) are left out, never made up for.
  time_point after(time_point t) const;
};

/// Spreads named targets over the interval, in slots of interval/150, so that
/// thousands of them do not start in one instant.
duration tick_offset(std::string_view target, duration interval);

/// When a failed attempt is followed by another.
struct retry_plan {
  std::vector<duration> delays; ///< After attempts 1, 2, ...
  double jitter = 0;            ///< Of a delay, 0..1.
  duration interval{};          ///< The longest `Retry-After` we follow.

  /// The pause before the next attempt; empty if the poll ends. `attempts` were
  /// made so far, `u` is uniform in [-1, 1].
  std::optional<duration> next(int attempts, const failure& last,
                               double u) const;
};

} // namespace betanet::metrics
