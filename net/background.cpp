#include "net/background.hpp"

#include "net/loop_impl.hpp"

#include <boost/asio/post.hpp>

#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace betanet::net {

/// Shared with the threads, which may outlive everything else.
struct background::state : std::enable_shared_from_this<state> {
  std::mutex mutex; ///< Guards all of it.
  boost::asio::io_context* io = nullptr;
  std::size_t max_threads = 0;
  std::size_t threads = 0;
  std::deque<work> queued;

  void work_off() {
    std::unique_lock lock{mutex};
    while (io && !queued.empty()) {
      auto w = std::move(queued.front());
      queued.pop_front();
      lock.unlock();
      auto done = w();
      w = nullptr;
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

bool background::run(work w) {
  const std::lock_guard lock{state_->mutex};
  state_->queued.push_back(std::move(w));
  if (state_->threads == state_->max_threads)
    return true;
  try {
    std::thread{[s = state_] { s->work_off(); }}.detach();
    ++state_->threads;
  } catch (const std::system_error&) {
    if (state_->threads > 0)
      return true; // one of them will take it
    state_->queued.pop_back();
    return false;
  }
  return true;
}

} // namespace betanet::net
