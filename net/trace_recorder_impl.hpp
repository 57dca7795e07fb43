#pragma once

#include "net/outcome.hpp"

#include <chrono>

namespace betanet::net {

/// Records how one request goes. The parts of a client share it while the
/// request runs.
class trace_recorder {
public:
  using clock = std::chrono::steady_clock;

  /// Ends the present step and begins the next. A step that is entered again,
  /// for a second connection, goes on counting.
  void enter(step next);

  /// What the present step does, for messages.
  const char* text() const;

  /// Ends the present step and returns the trace.
  net::trace finish();

  net::trace trace; ///< What the parts have found.

private:
  void end_step();

  step present_ = step::prepare;
  clock::time_point since_ = clock::now();
};

} // namespace betanet::net
