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

/// How many connections are accepted in one round of the loop at most.
constexpr int accepted_at_once = 64;

/// Whether accept failed for want of descriptors or memory.
bool is_exhausted(error_code ec) {
  return ec == asio::error::no_descriptors ||
         ec == asio::error::no_buffer_space || ec == asio::error::no_memory ||
         ec == boost::system::errc::too_many_files_open_in_system;
}

/// How often a lack of descriptors is told at most.
constexpr auto lack_period = 1min;

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
  a->non_blocking(true);
  acceptors.push_back(a);
  asio::post(io, [self = shared_from_this(), a] { self->accept(a); });
  const auto local = a->local_endpoint();
  return address_text(local.address().to_string(), local.port());
}

/// Waits for connections and accepts all that wait, so that many handshakes do
/// not let the kernel's queue, which all clients share, run full.
void http_server::state::accept(const std::shared_ptr<tcp::acceptor>& from) {
  from->async_wait(tcp::acceptor::wait_read,
                   [self = shared_from_this(), from](error_code ec) {
                     if (self->stopped || ec == asio::error::operation_aborted)
                       return;
                     for (int i = 0; i < accepted_at_once; ++i) {
                       tcp::socket socket{self->io};
                       from->accept(socket, ec);
                       if (is_exhausted(ec))
                         return self->pause_accepting(from);
                       if (ec == asio::error::would_block)
                         break;
                       if (!ec)
                         self->admit(std::move(socket));
                     }
                     self->accept(from);
                   });
}

void http_server::state::pause_accepting(
    const std::shared_ptr<tcp::acceptor>& from) {
  reject_for_descriptors();
  const auto pause = std::make_shared<asio::steady_timer>(io);
  pause->expires_after(accept_pause);
  pause->async_wait([self = shared_from_this(), from, pause](error_code) {
    if (!self->stopped)
      self->accept(from);
  });
}

void http_server::state::reject_for_descriptors() {
  ++stats.rejected_descriptors;
  const auto now = clock::now();
  if (lack_told && now - *lack_told < lack_period)
    return;
  lack_told = now;
  if (on_lack)
    on_lack();
}

void http_server::state::admit(tcp::socket socket) {
  const auto s =
      std::make_shared<session>(shared_from_this(), std::move(socket));
  make_room(s->client());
  if (sessions.empty())
    sweep();
  sessions.insert(s);
  stats.connections = sessions.size();
  s->start();
}

/// Makes room for a connection of this client. At the limit for one client, one
/// of its connections is closed; at that for all, one of the client that has
/// most.
void http_server::state::make_room(const std::string& client) {
  const auto is_own = [&](const auto& s) { return s->client() == client; };
  const auto own = std::count_if(sessions.begin(), sessions.end(), is_own);
  if (static_cast<std::size_t>(own) >= limits.connections_per_client) {
    ++stats.rejected_limit;
    return close_slowest(is_own);
  }
  if (sessions.size() < limits.connections)
    return;
  if (is_limited_by_descriptors)
    reject_for_descriptors();
  else
    ++stats.rejected_limit;
  const auto heaviest =
      heaviest_client([](const session&) { return std::size_t{1}; });
  close_slowest([&](const auto& s) { return s->client() == heaviest; });
}

/// Closes the connection that has made no progress for longest, whatever it was
/// doing. At least one must be in question.
template <class Predicate>
void http_server::state::close_slowest(Predicate is_in_question) {
  std::shared_ptr<session> slowest;
  for (const auto& s : sessions)
    if (is_in_question(s) &&
        (!slowest || s->progressed() < slowest->progressed()))
      slowest = s;
  close(slowest);
}

/// The client whose connections weigh most together. If several do, the one of
/// them whose connection has made no progress for longest.
template <class Weight>
std::string http_server::state::heaviest_client(Weight weight_of) const {
  struct load {
    std::size_t weight = 0;
    clock::time_point progressed = clock::time_point::max();
  };
  std::unordered_map<std::string, load> loads;
  for (const auto& s : sessions) {
    auto& l = loads[s->client()];
    l.weight += weight_of(*s);
    l.progressed = std::min(l.progressed, s->progressed());
  }
  const auto heaviest = std::max_element(
      loads.begin(), loads.end(), [](const auto& a, const auto& b) {
        return std::pair{a.second.weight, b.second.progressed} <
               std::pair{b.second.weight, a.second.progressed};
      });
  return heaviest->first;
}

/// How many slow scrapes this client has.
std::uint64_t http_server::state::slow_scrapes_of(const std::string& client) {
  if (stats.slow_scrapes == 0)
    return 0;
  return static_cast<std::uint64_t>(
      std::count_if(sessions.begin(), sessions.end(), [&](const auto& s) {
        return s->is_slow_scrape() && s->client() == client;
      }));
}

void http_server::state::take_turn(const std::shared_ptr<session>& s,
                                   void (session::*take)()) {
  struct turn {
    std::shared_ptr<state> self;
    void operator()() const {
      const auto next = self->steps.pop();
      self->steps_run = next.has_value();
      if (!next)
        return;
      const auto live = next->of.lock();
      if (live && live->phase() == next->phase)
        ((*live).*next->take)();
      asio::post(self->io, *this);
    }
  };
  steps.push(s->client(), {s, s->phase(), take});
  if (!std::exchange(steps_run, true))
    asio::post(io, turn{shared_from_this()});
}

void http_server::state::keep(const reply* r) {
  if (kept[r]++ == 0)
    kept_bytes += r->size();
  const auto is_slow = [](const auto& s) { return s->is_slow(); };
  // One connection may always read a page that is larger than the limit.
  while (kept_bytes > limits.page_bytes &&
         std::count_if(sessions.begin(), sessions.end(), is_slow) > 1) {
    const auto client =
        heaviest_client([](const session& s) { return s.kept_bytes(); });
    close_slowest(
        [&](const auto& s) { return s->is_slow() && s->client() == client; });
  }
}

void http_server::state::release(const reply* r) {
  const auto found = kept.find(r);
  if (--found->second > 0)
    return;
  kept_bytes -= r->size();
  kept.erase(found);
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
    const auto& tls = s->security.tls;
    s->stats.certificate_expiry = tls ? expiry_of(*tls) : std::nullopt;
  });
}

void http_server::limit_connections(std::size_t most, bool by_descriptors) {
  asio::dispatch(state_->io, [s = state_, most, by_descriptors] {
    s->limits.connections = most;
    s->is_limited_by_descriptors = by_descriptors;
    while (s->sessions.size() > most)
      s->close_slowest([](const auto&) { return true; });
  });
}

void http_server::on_lack_of_descriptors(std::function<void()> f) {
  state_->on_lack = std::move(f);
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
