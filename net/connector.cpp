#include "net/connector_impl.hpp"
#include "net/errors_impl.hpp"
#include "net/listening_socket_impl.hpp"
#include "net/resolver_impl.hpp"

#include <boost/asio/io_context.hpp>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// How long an address has before the next one is tried as well (RFC 8305, 5:
/// Connection Attempt Delay).
constexpr std::chrono::milliseconds stagger{250};

/// How many connections all requests together may try beside their first ones.
/// Descriptors are kept for one connection of each endpoint only, and some more
/// for the whole process (`descriptors_needed`).
constexpr std::size_t max_races = 8;

} // namespace

/// `f` as a handler that does nothing once this is stopped.
template <class F>
auto connector::until_stopped(F f) {
  return [self = weak_from_this(), f = std::move(f)](auto&&... args) {
    if (const auto alive = self.lock(); alive && !alive->stopped_)
      f(std::forward<decltype(args)>(args)...);
  };
}

void connector::start(const std::string& host, std::uint16_t port,
                      trace_recorder& recorder,
                      std::function<void(result)> done) {
  done_ = std::move(done);
  port_ = port;
  recorder_ = &recorder;
  recorder.enter(step::resolve);
  names_.resolve(
      asker_, host, until_stopped([this, host](const resolver::answer& a) {
        if (!a.addresses.empty())
          return race(a.addresses);
        finish(error{a.local ? errc::local : errc::dns, host + ": " + a.error});
      }));
}

void connector::start(const std::vector<asio::ip::address>& addresses,
                      std::uint16_t port, trace_recorder& recorder,
                      std::function<void(result)> done) {
  done_ = std::move(done);
  port_ = port;
  recorder_ = &recorder;
  race(addresses);
}

void connector::name_peer(const tcp::endpoint& peer) {
  recorder_->trace.peer = address_text(peer.address().to_string(), peer.port());
}

/// A connecting socket is kept alive by its own handler. Without a close it
/// would go on until the kernel gives up, after two minutes.
void connector::stop() {
  stopped_ = true;
  stagger_.cancel();
  error_code ignored;
  for (const auto& socket : sockets_)
    socket->close(ignored);
  sockets_.clear();
  *races_ -= std::exchange(own_races_, 0);
  done_ = nullptr;
}

void connector::finish(result r) {
  const auto done = std::move(done_);
  stop();
  done(std::move(r));
}

void connector::race(const std::vector<asio::ip::address>& addresses) {
  recorder_->enter(step::connect);
  for (const auto& address : addresses)
    peers_.emplace_back(address, port_);
  connect_next();
}

void connector::connect_next() {
  const auto peer = peers_[next_++];
  name_peer(peer);
  const auto socket = std::make_shared<tcp::socket>(io_);
  sockets_.push_back(socket);
  if (pending_++ > 0) {
    ++*races_;
    ++own_races_;
  }
  // Opens the socket too; a failure of that comes as one to connect.
  socket->async_connect(peer, until_stopped([this, socket, peer](error_code e) {
                          connected(socket, peer, e);
                        }));
  race_later();
}

void connector::race_later() {
  if (next_ == peers_.size())
    return;
  stagger_.expires_after(stagger);
  stagger_.async_wait(until_stopped([this](error_code cancelled) {
    if (!cancelled)
      race_next();
  }));
}

/// Tries the next peer beside those that are being tried, if there is room.
void connector::race_next() {
  if (next_ == peers_.size())
    return;
  if (pending_ > 0 && *races_ >= max_races)
    return race_later();
  connect_next();
}

void connector::connected(const std::shared_ptr<tcp::socket>& socket,
                          const tcp::endpoint& peer, error_code ec) {
  if (!ec) {
    name_peer(peer);
    return finish(std::move(*socket));
  }
  error_code ignored;
  socket->close(ignored);
  --pending_;
  if (own_races_ > 0) {
    --own_races_;
    --*races_;
  }
  // A family this machine lacks (::1 without IPv6) explains nothing if another
  // address answered, even with a refusal.
  if (!failure_ || failure_->code == errc::local)
    failure_ = connect_error(ec);
  stagger_.cancel();
  if (pending_ == 0 && next_ == peers_.size())
    return finish(*failure_);
  race_next();
}

} // namespace betanet::net
