#include "metrics/schedule.hpp"

namespace betanet::metrics {

namespace {

/// The 64-bit FNV-1a hash. Its offset basis and its prime are those of
/// draft-eastlake-fnv, section 5.
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
  constexpr int slots = 150; // 100 ms each at the default interval of 15 s
  const auto whole = static_cast<std::uint64_t>(interval.count());
  const auto offset = static_cast<duration::rep>(fnv1a64(target) % whole);
  const auto slot = interval.count() / slots;
  return duration{offset / slot * slot};
}

} // namespace betanet::metrics
