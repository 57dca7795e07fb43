#pragma once

#include "metrics/types.hpp"

#include <optional>

namespace betanet::metrics {

/// The outage of one endpoint, as far as the log tells of it. It decides which
/// events are news, so that a long outage is reported once and its repetitions
/// are logged at debug level. An outage lasts from the first poll that is not
/// good to the next good one.
///
/// This class has no clock and writes no log lines: the caller does both.
class outage {
public:
  /// How often the log mentions an outage that goes on.
  static constexpr duration reminder_period = std::chrono::minutes{5};

  bool ongoing() const { return began_.has_value(); }

  /// Whether no outage is ongoing and the latest poll was good at once.
  bool calm() const { return !began_ && !retrying_ && !retried_; }

  /// Records a failed attempt that will be retried. Returns true unless there
  /// is an outage or the latest good poll needed a retry too.
  bool attempt_failed();

  /// Records a poll that was not good; `at` is the wall time of `now`. Returns
  /// true if the outage begins with it.
  bool failed(const failure& why, time_point now, wall_time at);

  // The next three functions record an event and return true for the first time
  // in an outage.
  bool half_opened(); ///< The breaker became half-open.
  bool refused();     ///< The breaker refused a tick.
  bool went_stale();  ///< An old value is shown.

  /// Records a good poll, which needed this many attempts. Returns how long the
  /// outage lasted, or nothing if there was no outage.
  std::optional<duration> recovered(time_point now, int attempts);

  /// Records that the log has mentioned the outage.
  void mentioned(time_point now) { reminder_due_ = now + reminder_period; }

  /// When the log should mention the outage again.
  time_point reminder_due() const { return reminder_due_; }

  wall_time since() const { return since_; } ///< When the outage began.
  int polls() const { return polls_; } ///< The polls of the outage so far.
  /// Why the latest poll of the outage was not good.
  const failure& latest() const { return latest_; }

private:
  std::optional<time_point> began_;
  wall_time since_{};
  time_point reminder_due_{};
  int polls_ = 0;
  failure latest_{};
  bool retrying_ = false; ///< An attempt failed since the latest good poll.
  bool retried_ = false; ///< The latest good poll needed more than one attempt.
  bool half_open_told_ = false;
  bool refusal_told_ = false;
  bool stale_told_ = false;
};

} // namespace betanet::metrics
