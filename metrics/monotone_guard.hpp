#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace betanet::metrics {

/// Decides which value of a counter is shown when the replicas of a service
/// take turns in answering. A replica may lag behind another one, and PromQL
/// takes any decrease for a restart from 0, which would be counted in full.
///
/// A lower value of another replica is therefore held back: the value shown
/// stays until the new source has reached it, or for 4 collections, after which
/// the service has indeed restarted. The same replica does not lag behind
/// itself: its decrease is shown at once.
class monotone_guard {
public:
  /// The value to show after the replica `source` gave `read`. `shown` is the
  /// value shown until now.
  double admit(double read, std::size_t source, std::optional<double> shown);

  /// Whether the latest value was held back.
  bool holds() const { return held_ > 0; }

private:
  static constexpr std::uint32_t most_held = 4, nobody = UINT32_MAX;

  double latest_ = 0; ///< What `source_` gave.
  std::uint32_t source_ = nobody;
  std::uint32_t held_ = 0; ///< Values held back since the last one shown.
};

} // namespace betanet::metrics
