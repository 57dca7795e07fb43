#pragma once

#include "metrics/types.hpp"

#include <map>
#include <optional>
#include <string>

namespace betanet::metrics {

/// The collections of one target that have not finished. A collection consists
/// of the polls that one tick has started, and finishes with the last of them.
/// Collections overlap when a poll takes longer than the interval.
class collections {
public:
  /// Records that the tick with this number, at least 1, has started a poll.
  void start_poll(std::uint64_t tick);

  /// Records the end of a poll that was started by `tick`. If its collection
  /// has finished and a poll of it was good or partial, returns the values that
  /// the collection has read.
  std::optional<reading> finish_poll(std::uint64_t tick, const poll& p);

  /// Whether the first collection has finished.
  bool first_finished() const { return first_finished_; }

private:
  struct collection {
    int running = 0;   ///< The number of polls that have not finished.
    bool read = false; ///< A poll of the collection was good or partial.
    reading values{};
  };

  std::map<std::uint64_t, collection> running_; ///< By the tick's number.
  std::uint64_t first_ = 0; ///< The number of the first tick; 0: none yet.
  bool first_finished_ = false;
};

/// The values of a collection as the log shows them; `-` for a value that was
/// not read.
std::string describe(const reading& values);

} // namespace betanet::metrics
