#pragma once

#include "metrics/types.hpp"

#include <cstdint>
#include <optional>

namespace betanet::metrics {

/// Permission for one poll. A result counts only while its ticket is current.
struct ticket {
  std::uint64_t generation = 0;
  bool probe = false; ///< Exactly one attempt, no retries.

  bool operator==(const ticket&) const = default;
};

/// The circuit breaker of one endpoint, and the rule that one poll runs at a
/// time.
///
///   closed --(threshold consecutive failures)--> open
///   open --(its half-open message arrives)--> half_open, the probe starts
///   half_open --(probe)--> closed | open
///
/// A pure value: the caller owns the clock and carries the messages.
class circuit {
public:
  /// What a tick may do.
  enum class admission : std::uint8_t { admitted, skipped, rejected };

  explicit circuit(int failure_threshold) : threshold_(failure_threshold) {}

  /// Asks for a poll on behalf of a tick. `current()` is its ticket if it was
  /// admitted.
  admission admit();

  /// Takes the result of the poll that holds `t`. Returns the state entered,
  /// if any; a ticket that is not current changes nothing. After `open` the
  /// caller schedules one `half_open(generation())` in `open_duration`.
  std::optional<breaker_state> record(const ticket& t, verdict v);

  /// Enters `half_open` with `current()` as the probe's ticket. False if the
  /// message belongs to a former generation.
  bool half_open(std::uint64_t generation);

  /// Holds from the next result on.
  void set_failure_threshold(int n) { threshold_ = n; }

  /// True while the poll that holds `t` is the one being waited for.
  bool awaits(const ticket& t) const { return current_ == t; }

  const std::optional<ticket>& current() const { return current_; }
  breaker_state state() const { return state_; }
  int consecutive_failures() const { return failures_; }
  std::uint64_t generation() const { return generation_; }

private:
  void issue_ticket(bool probe);
  breaker_state enter(breaker_state s);

  int threshold_;
  int failures_ = 0;
  breaker_state state_ = breaker_state::closed;
  std::uint64_t generation_ = 0; ///< Grows with each ticket and each state.
  std::optional<ticket> current_;
};

} // namespace betanet::metrics
