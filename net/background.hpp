#pragma once

#include "net/loop.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace betanet::net {

/// Runs calls that may block for ever, such as a name lookup or a file on a
/// dead mount, in detached threads that neither the loop nor a shutdown waits
/// for. Work waits in a queue while all threads are busy.
class background {
public:
  background(loop& l, std::size_t max_threads);
  ~background(); ///< Afterwards no `done` is called.

  /// Calls `work()` in a thread and then `done(result)` on the loop's thread.
  /// Both can be copied and do not throw. Any thread may call it. False if
  /// there is no thread and none can be started: neither is called.
  template <class Work, class Done>
  [[nodiscard]] bool ask(Work work, Done done) {
    return run([work = std::move(work), done = std::move(done)] {
      return [done, result = work()]() mutable { done(std::move(result)); };
    });
  }

private:
  /// A function that runs in a thread. It returns the function that is then
  /// called on the loop's thread.
  using job = std::function<std::function<void()>()>;

  bool run(job j);

  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
