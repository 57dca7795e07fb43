#include "net/loop.hpp"

#include "net/loop_impl.hpp"

#include <boost/asio/post.hpp>

#include <csignal>

namespace betanet::net {

void loop::impl::wait_for_signal() {
  signals.async_wait([this](boost::system::error_code ec, int number) {
    if (ec)
      return;
    signal_handler(number);
    wait_for_signal();
  });
}

loop::loop() : impl_(std::make_unique<impl>()) {}

loop::~loop() = default;

void loop::run() {
  impl_->io.run();
}

void loop::stop() {
  impl_->io.stop();
}

void loop::post(std::function<void()> f) {
  boost::asio::post(impl_->io, std::move(f));
}

void loop::on_signal(std::function<void(int)> f) {
  impl_->signal_handler = std::move(f);
  for (const int number : {SIGTERM, SIGINT, SIGHUP})
    impl_->signals.add(number);
  impl_->wait_for_signal();
}

} // namespace betanet::net
