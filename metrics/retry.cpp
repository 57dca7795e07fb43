#include "metrics/retry.hpp"

#include <algorithm>

namespace betanet::metrics {

std::optional<duration> retry_plan::next(int attempts, const failure& last,
                                         double u) const {
  const auto i = static_cast<std::size_t>(attempts - 1);
  if (i >= delays.size() || !retryable(last))
    return std::nullopt;
  if (last.retry_after > interval)
    return std::nullopt;
  const auto pause = static_cast<double>(delays[i].count()) * (1 + jitter * u);
  return std::max(duration{static_cast<duration::rep>(pause)},
                  last.retry_after);
}

} // namespace betanet::metrics
