#pragma once

#include <functional>
#include <memory>

namespace betanet::net {

/// The event loop all sockets live on. One thread runs it; everything else
/// may be called from any thread.
class loop {
public:
  loop();
  ~loop();

  /// Handles events until `stop`.
  void run();
  void stop();

  /// Calls `f(argument)` on the loop's thread, in the order of the posts.
  void post(void (*f)(void*), void* argument);

  /// Calls `f` on the loop's thread for each SIGTERM, SIGINT and SIGHUP.
  void on_signal(std::function<void(int)> f);

  struct impl;
  impl& internals() { return *impl_; } ///< For net/ only.

private:
  std::unique_ptr<impl> impl_;
};

} // namespace betanet::net
