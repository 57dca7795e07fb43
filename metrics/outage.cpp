#include "metrics/outage.hpp"

#include <utility>

namespace betanet::metrics {

bool outage::attempt_failed() {
  retrying_ = true;
  return !began_ && !retried_;
}

bool outage::failed(const failure& why, time_point now, wall_time at) {
  latest_ = why;
  ++polls_;
  if (began_)
    return false;
  began_ = now;
  since_ = at;
  mentioned(now);
  return true;
}

bool outage::half_opened() {
  return began_ && !std::exchange(half_open_told_, true);
}

bool outage::refused() {
  return began_ && !std::exchange(refusal_told_, true);
}

bool outage::went_stale() {
  return began_ && !std::exchange(stale_told_, true);
}

std::optional<duration> outage::recovered(time_point now, int attempts) {
  const auto began = began_;
  *this = {};
  retried_ = attempts > 1;
  return began ? std::optional{now - *began} : std::nullopt;
}

} // namespace betanet::metrics
