#pragma once

#include "metrics/adaptive_timeout.hpp"

#include <cstddef>
#include <vector>

namespace betanet::metrics {

/// The time limits of the requests of one endpoint to each replica: the
/// configured timeout, or what is learned from the answers of the replica.
class timeouts {
public:
  /// The limits are learned if `adaptive`, and never exceed `most`.
  timeouts(std::size_t replicas, duration most, bool adaptive);

  /// New settings. If they differ from the present ones, all that was learned
  /// is forgotten.
  void set(duration most, bool adaptive);

  /// The limits of a poll of this replica.
  request_timeout next(std::size_t replica, time_point now);

  // The end of a request, see `adaptive_timeout`.
  void succeeded(std::size_t replica, duration took, time_point now);
  void timed_out(std::size_t replica, duration limit);
  void end_poll();

  bool adaptive() const { return !learned_.empty(); }

private:
  struct learned {
    adaptive_timeout state;
    time_point succeeded_at{};
  };

  std::size_t replicas_;
  duration most_;
  std::vector<learned> learned_; ///< Empty unless adaptive.
};

} // namespace betanet::metrics
