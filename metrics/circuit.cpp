#include "metrics/circuit.hpp"

#include <limits>

namespace betanet::metrics {

circuit::admission circuit::admit() {
  if (state_ != breaker_state::closed)
    return admission::rejected;
  if (current_)
    return admission::skipped;
  issue_ticket(false);
  return admission::admitted;
}

std::optional<breaker_state> circuit::record(const ticket& t, verdict v) {
  if (!awaits(t))
    return std::nullopt;
  current_.reset();
  const bool failed = v == verdict::failure;
  if (failed && failures_ < std::numeric_limits<int>::max())
    ++failures_;
  if (t.probe) {
    if (failed || v == verdict::local)
      return enter(breaker_state::open);
    failures_ = 0;
    return enter(breaker_state::closed);
  }
  if (v == verdict::success)
    failures_ = 0;
  if (failed && failures_ >= threshold_)
    return enter(breaker_state::open);
  return std::nullopt;
}

bool circuit::half_open(std::uint64_t generation) {
  if (state_ != breaker_state::open || generation != generation_)
    return false;
  enter(breaker_state::half_open);
  issue_ticket(true);
  return true;
}

void circuit::issue_ticket(bool probe) {
  current_ = ticket{++generation_, probe};
}

breaker_state circuit::enter(breaker_state s) {
  ++generation_;
  return state_ = s;
}

} // namespace betanet::metrics
