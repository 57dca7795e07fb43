#pragma once

#include "metrics/types.hpp"

#include <cstdint>
#include <optional>

namespace betanet::metrics {

/// The permission to run one poll. The result of a poll counts only while its
/// ticket is the current one of the circuit.
struct ticket {
  std::uint64_t generation = 0;
  bool probe = false; ///< The poll makes exactly one attempt, without retries.

  bool operator==(const ticket&) const = default;
};

/// The circuit breaker of one endpoint. It also ensures that at most one poll
/// of the endpoint runs at a time.
///
///   closed --(threshold consecutive failures)--> open
///   open --(its half-open message arrives)--> half_open, the probe starts
///   half_open --(probe)--> closed | open
///
/// This class has no clock and sends no messages: the caller does both.
class circuit {
public:
  /// Whether a tick may start a poll. `skipped`: a poll is still running.
  /// `rejected`: the breaker is open or half-open.
  enum class admission : std::uint8_t { admitted, skipped, rejected };

  explicit circuit(int failure_threshold) : threshold_(failure_threshold) {}

  /// Asks for a poll when a tick arrives. If the result is `admitted`,
  /// `current()` is the ticket of the poll.
  admission admit();

  /// Records the result of the poll with the ticket `t`. Returns the state that
  /// the breaker enters, if it changes. A ticket that is not current changes
  /// nothing. When the result is `open`, the caller must call
  /// `half_open(generation())` once, after the open duration.
  std::optional<breaker_state> record(const ticket& t, verdict v);

  /// Enters `half_open` and makes `current()` the ticket of the probe. Returns
  /// false, and changes nothing, unless the breaker is open and `generation` is
  /// the present one.
  bool half_open(std::uint64_t generation);

  /// The new threshold takes effect with the next recorded result.
  void set_failure_threshold(int n) { threshold_ = n; }

  /// True while the poll with the ticket `t` is running.
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
  /// Incremented for each ticket and for each change of state.
  std::uint64_t generation_ = 0;
  std::optional<ticket> current_;
};

} // namespace betanet::metrics
