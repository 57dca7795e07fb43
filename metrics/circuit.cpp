#include "metrics/circuit.hpp"

#include <limits>

namespace betanet::metrics {

circuit::admission circuit::admit() {
  if (state_ != state::closed)
    return admission::rejected;
  if (current_)
    return admission::skipped;
  issue(false);
  return admission::admitted;
}

std::optional<circuit::state> circuit::record(const ticket& t, verdict v) {
  if (!awaits(t))
    return std::nullopt;
  current_.reset();
  const bool failed = v == verdict::failure;
  if (failed && failures_ < std::numeric_limits<int>::max())
    ++failures_;
  if (t.probe) {
    if (failed || v == verdict::local)
      return enter(state::open);
    failures_ = 0;
    return enter(state::closed);
  }
  if (v == verdict::success)
    failures_ = 0;
  if (failed && failures_ >= threshold_)
    return enter(state::open);
  return std::nullopt;
}

bool circuit::half_open(std::uint64_t generation) {
  if (state_ != state::open || generation != generation_)
    return false;
  enter(state::half_open);
  issue(true);
  return true;
}

void circuit::issue(bool probe) {
  current_ = ticket{++generation_, probe};
}

circuit::state circuit::enter(state s) {
  ++generation_;
  return state_ = s;
}

std::string_view name(circuit::state s) {
  switch (s) {
  case circuit::state::closed:
    return "closed";
  case circuit::state::open:
    return "open";
  default:
    return "half_open";
  }
}

} // namespace betanet::metrics
