#pragma once

#include "metrics/types.hpp"

#include <optional>
#include <vector>

namespace betanet::metrics {

/// When a failed attempt is followed by another.
struct retry_plan {
  std::vector<duration> delays; ///< After attempts 1, 2, ...
  double jitter = 0;            ///< Share of a delay that may vary, 0..1.
  duration interval{};          ///< The longest `Retry-After` that is obeyed.

  /// The pause before the next attempt; nothing if the poll ends. `attempts`
  /// were made so far, `u` is uniform in [-1, 1].
  std::optional<duration> next(int attempts, const failure& last,
                               double u) const;
};

} // namespace betanet::metrics
