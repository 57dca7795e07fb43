#pragma once

#include "metrics/types.hpp"

#include <string_view>

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
/// thousands of them do not start in one instant. `interval` is 10 ms or more.
duration tick_offset(std::string_view target, duration interval);

} // namespace betanet::metrics
