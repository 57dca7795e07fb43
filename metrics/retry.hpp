#pragma once

#include "metrics/types.hpp"

#include <optional>
#include <vector>

namespace betanet::metrics {

/// Decides whether and when a failed attempt is followed by another one.
struct retry_plan {
  std::vector<duration> delays; ///< The pauses after attempts 1, 2, ...
  double jitter = 0;   ///< A delay varies by up to this share of it, 0..1.
  duration interval{}; ///< A longer `Retry-After` than this ends the poll.

  /// The pause before the next attempt; nothing if the poll ends. `attempts` is
  /// the number of attempts made so far, at least 1; `u` is a random number
  /// from [-1, 1] for the jitter.
  std::optional<duration> next(int attempts, const failure& last,
                               double u) const;
};

} // namespace betanet::metrics
