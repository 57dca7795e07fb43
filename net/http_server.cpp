#include "net/http_server.hpp"

#include "net/http_session_impl.hpp"
#include "net/listening_socket_impl.hpp"
#include "net/loop_impl.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

/// At the limit of descriptors accept fails without waiting. Trying again at
/// once would use a whole core; giving up would end the service.
constexpr auto accept_pause = 100ms;

} // namespace

http_server::state::state(loop& l, server_limits bounds, handler h)
    : io(l.internals().io),
      limits(bounds),
      on_request(std::move(h)),
      sweep_period(std::clamp<clock::duration>(
          std::min({bounds.header_timeout, bounds.idle_timeout,
                    bounds.write_timeout}) /
              4,
          5ms, 500ms)) {}

std::string
http_server::state::accept_from(const std::shared_ptr<acceptor>& a) {
  acceptors.push_back(a);
  asio::post(io, [self = shared_from_this(), a] { self->accept(a); });
  const auto local = a->local_endpoint();
  return address_text(local.address().to_string(), local.port());
}

void http_server::state::accept(const std::shared_ptr<tcp::acceptor>& from) {
  from->async_accept([self = shared_from_this(), from](error_code ec,
                                                       tcp::socket socket) {
    if (self->stopped || ec == asio::error::operation_aborted)
      return;
    const bool exhausted =
        ec == asio::error::no_descriptors ||
        ec == asio::error::no_buffer_space || ec == asio::error::no_memory ||
        ec == boost::system::errc::too_many_files_open_in_system;
    if (!exhausted) {
      if (!ec)
        self->admit(std::move(socket));
      return self->accept(from);
    }
    ++self->stats.rejected_descriptors;
    const auto pause = std::make_shared<asio::steady_timer>(self->io);
    pause->expires_after(accept_pause);
    pause->async_wait([self, from, pause](error_code) {
      if (!self->stopped)
        self->accept(from);
    });
  });
}

void http_server::state::admit(tcp::socket socket) {
  if (sessions.size() >= limits.connections) {
    ++stats.rejected_limit;
    if (!make_room())
      return; // closes the new connection
  }
  const auto s =
      std::make_shared<session>(shared_from_this(), std::move(socket));
  if (sessions.empty())
    sweep();
  sessions.insert(s);
  stats.connections = sessions.size();
  s->start();
}

/// Closes the connection that has been without a complete request for longest,
/// or else the one that has waited for its response for longest. False if
/// responses are being written on all of them.
bool http_server::state::make_room() {
  std::shared_ptr<session> idle, waiting;
  for (const auto& s : sessions) {
    if (s->phase() == session_phase::writing)
      continue;
    auto& oldest = s->phase() == session_phase::waiting ? waiting : idle;
    if (!oldest || s->since() < oldest->since())
      oldest = s;
  }
  if (const auto& last = idle ? idle : waiting)
    close(last);
  return idle || waiting;
}

void http_server::state::shake_hands_later(const std::shared_ptr<session>& s) {
  handshakes.push_back(s);
  if (handshakes.size() > 1)
    return;
  struct turn {
    std::shared_ptr<state> self;
    void operator()() const {
      const auto next = self->handshakes.front().lock();
      if (next && next->phase() == session_phase::reading)
        next->shake_hands();
      self->handshakes.pop_front();
      if (!self->handshakes.empty())
        asio::post(self->io, *this);
    }
  };
  asio::post(io, turn{shared_from_this()});
}

/// Checks the deadlines of all connections with one coarse timer.
void http_server::state::sweep() {
  sweep_timer.expires_after(sweep_period);
  sweep_timer.async_wait([self = weak_from_this()](error_code ec) {
    const auto alive = self.lock();
    if (ec || !alive)
      return;
    const auto now = clock::now();
    std::vector<std::shared_ptr<session>> late;
    for (const auto& s : alive->sessions)
      if (s->deadline() <= now)
        late.push_back(s);
    for (const auto& s : late)
      alive->close(s);
    if (!alive->sessions.empty())
      alive->sweep();
  });
}

void http_server::state::close(const std::shared_ptr<session>& s) {
  s->close();
  sessions.erase(s);
  stats.connections = sessions.size();
  if (sessions.empty())
    sweep_timer.cancel();
  finish_stopping();
}

void http_server::state::finish_stopping() {
  if (stopped && sessions.empty())
    asio::post(io, std::exchange(stopped, [] {}));
}

http_server::http_server(loop& l, server_limits limits, handler on_request)
    : state_(std::make_shared<state>(l, limits, std::move(on_request))) {}

http_server::~http_server() {
  state_->stopped = [] {};
  for (const auto& a : state_->acceptors)
    a->close();
  const auto sessions = std::exchange(state_->sessions, {});
  for (const auto& s : sessions)
    s->close();
}

std::string http_server::listen(const std::string& host, std::uint16_t port) {
  return state_->accept_from(
      std::make_shared<tcp::acceptor>(open_listener(state_->io, host, port)));
}

std::string http_server::adopt(int descriptor) {
  return state_->accept_from(
      std::make_shared<tcp::acceptor>(adopt_listener(state_->io, descriptor)));
}

void http_server::secure(server_security security) {
  asio::dispatch(state_->io, [s = state_, security]() mutable {
    s->security = std::move(security);
  });
}

void http_server::stop(std::function<void()> done) {
  asio::post(state_->io, [s = state_, d = std::move(done)]() mutable {
    s->stopped = std::move(d);
    error_code ignored;
    for (const auto& a : s->acceptors)
      a->close(ignored);
    const auto sessions = s->sessions;
    for (const auto& each : sessions)
      each->finish();
    s->finish_stopping();
  });
}

} // namespace betanet::net
