#include "net/http_client.hpp"

#include "net/client_exchange_impl.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace betanet::net {

/// Lives on the loop's thread.
struct http_client::state : std::enable_shared_from_this<state> {
  state(outbound& shared, resource r) : memory(shared, std::move(r)) {}

  ~state() {
    if (memory.kept)
      memory.kept->close(); // its pending read would keep it open
  }

  void start(const time_limits& limits, std::function<void(outcome)> done) {
    running.reset(); // abandons the former request
    const auto fresh = std::make_shared<client_exchange>(
        memory, limits,
        [weak = weak_from_this(), done = std::move(done)](outcome o) {
          if (const auto self = weak.lock())
            self->running.reset();
          done(std::move(o));
        });
    running = fresh;
    fresh->start();
  }

  client_memory memory;
  std::shared_ptr<client_exchange> running; ///< Null: none.
};

http_client::http_client(outbound& shared, resource r)
    : state_(std::make_shared<state>(shared, std::move(r))) {}

http_client::~http_client() {
  if (!state_)
    return; // moved from
  auto& io = state_->memory.io;
  boost::asio::post(io, [s = std::move(state_)] { s->running.reset(); });
}

void http_client::get(time_limits limits, std::function<void(outcome)> done) {
  boost::asio::dispatch( // at once if the caller is on the loop's thread
      state_->memory.io,
      [s = state_, limits, done = std::move(done)]() mutable {
        s->start(limits, std::move(done));
      });
}

} // namespace betanet::net
