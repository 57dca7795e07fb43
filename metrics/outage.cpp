#include "metrics/outage.hpp"

#include <utility>

namespace betanet::metrics {

bool outage::failed(time_point now) {
  if (began_)
    return false;
  began_ = now;
  return true;
}

bool outage::half_opened() {
  return !std::exchange(half_open_told_, true);
}

bool outage::refused(time_point now) {
  if (refusal_told_ && now - *refusal_told_ < refusal_reminder)
    return false;
  refusal_told_ = now;
  return true;
}

std::optional<duration> outage::recovered(time_point now, int attempts) {
  retried_ = attempts > 1;
  half_open_told_ = false;
  const auto began = std::exchange(began_, std::nullopt);
  return began ? std::optional{now - *began} : std::nullopt;
}

} // namespace betanet::metrics
