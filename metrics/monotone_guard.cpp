#include "metrics/monotone_guard.hpp"

namespace betanet::metrics {

double monotone_guard::admit(double read, std::size_t source,
                             std::optional<double> shown) {
  const bool has_fallen = source == source_ && read < latest_;
  source_ = static_cast<std::uint32_t>(source);
  latest_ = read;
  if (!shown || read >= *shown || has_fallen || held_ == most_held) {
    held_ = 0;
    return read;
  }
  ++held_;
  return *shown;
}

} // namespace betanet::metrics
