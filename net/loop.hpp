#pragma once

#include <functional>
#include <memory>

namespace betanet::net {

/// The event loop of all sockets. One thread runs it. The functions other than
/// `run` may be called from any thread.
class loop {
public:
  loop();
  ~loop();

  /// Handles events on the calling thread until `stop`.
  void run();
  void stop();

  /// Calls `f` on the loop's thread, in the order of the posts.
  void post(std::function<void()> f);

  /// Calls `f` with the number of each SIGTERM, SIGINT and SIGHUP, on the
  /// loop's thread. Once, before the loop runs.
  void on_signal(std::function<void(int)> f);

  struct impl;
  impl& internals() { return *impl_; } ///< For net/ only.

private:
  std::unique_ptr<impl> impl_;
};

} // namespace betanet::net
