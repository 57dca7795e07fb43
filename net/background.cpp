#include "net/background.hpp"

#include "net/loop_impl.hpp"

#include <boost/asio/post.hpp>

#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace betanet::net {

/// Shared with the threads, which may outlive the loop.
struct background::state : std::enable_shared_from_this<state> {
  std::mutex mutex;                      ///< Guards all members.
  boost::asio::io_context* io = nullptr; ///< Null: the owner is gone.
  std::size_t max_threads = 0;
  std::size_t threads = 0;
  std::deque<job> queued;

  /// What a thread does: one job after another until there is none.
  void work() {
    std::unique_lock lock{mutex};
    while (io && !queued.empty()) {
      auto next = std::move(queued.front());
      queued.pop_front();
      lock.unlock();
      auto done = next();
      next = nullptr;
      lock.lock();
      if (io)
        boost::asio::post(*io, std::move(done));
    }
    --threads;
  }
};

background::background(loop& l, std::size_t max_threads)
    : state_(std::make_shared<state>()) {
  state_->io = &l.internals().io;
  state_->max_threads = max_threads;
}

background::~background() {
  const std::lock_guard lock{state_->mutex};
  state_->io = nullptr;
}

bool background::run(job j) {
  const std::lock_guard lock{state_->mutex};
  state_->queued.push_back(std::move(j));
  if (state_->threads == state_->max_threads)
    return true;
  try {
    std::thread{[s = state_] { s->work(); }}.detach();
    ++state_->threads;
  } catch (const std::system_error&) {
    if (state_->threads > 0)
      return true; // a running thread will take it
    state_->queued.pop_back();
    return false;
  }
  return true;
}

} // namespace betanet::net
