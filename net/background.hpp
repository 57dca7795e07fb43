#pragma once

#include "net/loop.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace betanet::net {

/// Calls that may block for ever, a name lookup or a file on a dead mount, in
/// detached threads that neither the loop nor a shutdown waits for.
class background {
public:
  /// Runs in a thread; what it returns is then called on the loop's thread.
  using work = std::function<std::function<void()>()>;

  background(loop& l, std::size_t max_threads);
  ~background(); ///< Nothing is called any more.

  /// Any thread. False if there is no thread and none can be had: the work is
  /// dropped. It must not throw.
  [[nodiscard]] bool run(work w);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
