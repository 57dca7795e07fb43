#pragma once

#include "metrics/types.hpp"

#include <string_view>

namespace betanet::metrics {

/// The instants at which a target is collected: origin + offset + n * interval.
/// They are absolute times, so that a late tick does not delay the later ones.
struct tick_grid {
  time_point origin;
  duration offset{};
  duration interval{};

  /// The first grid point strictly after `t`. Points that passed while the
  /// process did not run (the machine slept) are therefore skipped.
  time_point after(time_point t) const;
};

/// The offset of a target's ticks within the interval, from a hash of its name,
/// so that thousands of targets are not all polled at the same instant. It is a
/// multiple of interval/150. `interval` must be at least 10 ms.
duration tick_offset(std::string_view target, duration interval);

} // namespace betanet::metrics
