#include "metrics/schedule.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

} // namespace

time_point tick_grid::after(time_point t) const {
  const auto first = origin + offset;
  if (t < first)
    return first;
  return first + ((t - first) / interval + 1) * interval;
}

duration tick_offset(std::string_view target, duration interval) {
  constexpr int slots = 150;
  const auto whole = static_cast<std::uint64_t>(interval.count());
  const auto offset = static_cast<duration::rep>(fnv1a64(target) % whole);
  const auto slot = interval.count() / slots; // an interval has 10 ms at least
  return duration{offset / slot * slot};
}

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
