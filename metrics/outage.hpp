#pragma once

#include "metrics/types.hpp"

#include <optional>

namespace betanet::metrics {

/// Decides which events of one endpoint are logged at their full level, so that
/// a long outage is reported once and its repetitions are logged at debug
/// level. An outage lasts from the first poll that is not good to the next good
/// one.
///
/// This class has no clock and writes no log lines: the caller does both.
class outage {
public:
  /// How often the log mentions that the breaker is still open.
  static constexpr duration refusal_reminder = std::chrono::minutes{5};

  bool ongoing() const { return began_.has_value(); }

  /// Whether a failed attempt that will be retried is logged at its full level:
  /// not within an outage, and not if the latest good poll needed a retry too.
  bool retry_is_news() const { return !began_ && !retried_; }

  /// Records a poll that was not good. Returns true if the outage begins with
  /// it.
  bool failed(time_point now);

  /// Records that the breaker became half-open. Returns true for the first time
  /// in an outage.
  bool half_opened();

  /// Records that the breaker refused a tick. Returns true for the first
  /// refusal, and again when `refusal_reminder` has passed since the last call
  /// that returned true.
  bool refused(time_point now);

  /// Records that the breaker closed: `refused` will return true next time.
  void closed() { refusal_told_.reset(); }

  /// Records a good poll, which needed this many attempts. Returns how long the
  /// outage lasted, or nothing if there was no outage.
  std::optional<duration> recovered(time_point now, int attempts);

private:
  std::optional<time_point> began_;
  std::optional<time_point> refusal_told_;
  bool half_open_told_ = false;
  bool retried_ = false; ///< The latest good poll needed more than one attempt.
};

} // namespace betanet::metrics
