#pragma once

#include "metrics/types.hpp"

#include <optional>

namespace betanet::metrics {

/// Which events of one endpoint are news, so that a lasting outage is told
/// once and afterwards only at debug level. An outage lasts from the first
/// poll that is not good to the next good one.
///
/// A pure value: the caller owns the clock and writes the lines.
class outage {
public:
  /// How often the refusals of an open breaker are told.
  static constexpr duration refusal_reminder = std::chrono::minutes{5};

  bool ongoing() const { return began_.has_value(); }

  /// Whether an attempt that will be retried is news: not within an outage,
  /// and not if the latest good poll needed a retry as well.
  bool retry_is_news() const { return !began_ && !retried_; }

  /// A poll ended without being good. True if it begins the outage.
  bool failed(time_point now);

  /// The breaker became half-open. True the first time in the outage.
  bool half_opened();

  /// The breaker refused a tick. True the first time, and again whenever
  /// `refusal_reminder` has passed since the refusal that was told last.
  bool refused(time_point now);

  /// The breaker closed: the next refusal is news again.
  void closed() { refusal_told_.reset(); }

  /// A good poll ended after this many attempts. Gives how long the outage
  /// lasted, nothing if there was none.
  std::optional<duration> recovered(time_point now, int attempts);

private:
  std::optional<time_point> began_;
  std::optional<time_point> refusal_told_;
  bool half_open_told_ = false;
  bool retried_ = false; ///< The latest good poll needed more than one attempt.
};

} // namespace betanet::metrics
