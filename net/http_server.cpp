#include "net/http_server.hpp"

#include "net/loop_impl.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <unordered_set>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// At the descriptor limit accept fails at once: trying again at once would
/// spin, giving up would make the process deaf.
constexpr auto accept_pause = 100ms;
/// What a refused client may still send before we close: a close with unread
/// bytes would reset the connection and destroy our answer.
constexpr auto linger_time = 1s;
constexpr std::size_t linger_bytes = 65536;

std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  // The C locale's names: nobody calls setlocale.
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

/// Where a header block ends, or why it never may.
struct framing {
  bool bad = false;
  std::size_t header_end = 0; ///< 0: not there yet.
};

/// Looks at each byte once: `from` is where the last call stopped. Beast would
/// accept folded lines; bare line ends would keep it waiting.
framing scan(std::string_view bytes, std::size_t from) {
  for (std::size_t i = from; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '\0')
      return {true, 0};
    const char before = i > 0 ? bytes[i - 1] : '\0';
    if (c != '\n') {
      const bool folded = (c == ' ' || c == '\t') && before == '\n';
      if (before == '\r' || folded)
        return {true, 0};
      continue;
    }
    if (before != '\r')
      return {true, 0};
    if (i >= 3 && bytes[i - 2] == '\n')
      return {false, i + 1};
  }
  return {};
}

/// The status of an unacceptable request, 0 for a sound one.
int judge(const http::request_header<>& head, const server_limits& limits) {
  using http::field;
  if (std::distance(head.begin(), head.end()) > limits.headers)
    return 431;
  const auto hosts = head.count(field::host);
  if (hosts > 1 || (hosts == 0 && head.version() == 11))
    return 400;
  if (head.count(field::transfer_encoding))
    return 400;
  const auto length = head.find(field::content_length);
  if (length != head.end() && length->value() != "0")
    return 413;
  if (head.count(field::expect))
    return 417;
  return 0;
}

/// The request line is one of HTTP, but not of 1.0 or 1.1.
bool names_other_version(std::string_view bytes) {
  constexpr std::string_view pattern = " HTTP/d.d";
  const auto line = bytes.substr(0, bytes.find('\r'));
  if (line.size() < pattern.size())
    return false;
  const auto version = line.substr(line.size() - pattern.size());
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && digit(version[6]) &&
         version[7] == '.' && digit(version[8]) && version != " HTTP/1.1" &&
         version != " HTTP/1.0";
}

method method_of(http::verb v) {
  switch (v) {
  case http::verb::get:
    return method::get;
  case http::verb::head:
    return method::head;
  case http::verb::post:
    return method::post;
  default:
    return method::other;
  }
}

} // namespace

message::message(int status, std::string_view content_type,
                 std::string_view body, std::string_view fields)
    : status_(status) {
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  wire_ = "HTTP/1.1 " + std::to_string(status) + " ";
  wire_.append(reason.data(), reason.size());
  wire_ += "\r\nDate: " + http_date() + "\r\nContent-Type: ";
  wire_ += content_type;
  wire_ += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  wire_ += fields;
  head_size_ = wire_.size();
  wire_ += "\r\n";
  wire_ += body;
}

/// Lives on the loop's thread.
struct http_server::state : std::enable_shared_from_this<state> {
  state(loop& l, server_limits bounds, handler h)
      : io(l.internals().io),
        limits(bounds),
        on_request(std::move(h)),
        sweep_period(std::clamp<clock::duration>(
            std::min({bounds.header_timeout, bounds.idle_timeout,
                      bounds.write_timeout}) /
                4,
            5ms, 500ms)) {}

  void accept(const std::shared_ptr<tcp::acceptor>& from);
  void admit(tcp::socket socket);
  bool make_room();
  void sweep();
  void close(const std::shared_ptr<session>& s);
  void finish_stopping();

  asio::io_context& io;
  const server_limits limits;
  const handler on_request;
  const clock::duration sweep_period;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::unordered_set<std::shared_ptr<session>> sessions;
  server_stats stats;
  asio::steady_timer sweep_timer{io};
  std::function<void()> stopped; ///< Set once stopping.
};

/// One connection. Owned by the server's set and, while a request waits for
/// its answer, by the exchange.
class http_server::session
    : public exchange,
      public std::enable_shared_from_this<http_server::session> {
public:
  enum class phase { reading, waiting, writing, lingering, closed };

  session(std::shared_ptr<state> s, tcp::socket socket)
      : server_(std::move(s)),
        socket_(std::move(socket)),
        since_(clock::now()),
        deadline_(since_ + server_->limits.header_timeout) {}

  void start() { next(); }

  const request& what() const override { return request_; }

  void respond(std::shared_ptr<const message> m) override {
    asio::dispatch(server_->io,
                   [self = shared_from_this(), m = std::move(m)]() mutable {
                     if (self->phase_ == phase::waiting)
                       self->write(std::move(m));
                   });
  }

  phase now() const { return phase_; }
  clock::time_point since() const { return since_; }
  clock::time_point deadline() const { return deadline_; }

  /// Answers what is complete, then closes.
  void finish() {
    last_ = true;
    if (phase_ == phase::reading)
      server_->close(shared_from_this());
  }

  void close() {
    leave_slow();
    phase_ = phase::closed;
    error_code ignored;
    socket_.close(ignored);
  }

private:
  // -- reading ---------------------------------------------------------------

  /// Serves the next request of the buffer, or reads on.
  void next() {
    phase_ = phase::reading;
    while (input_.starts_with("\r\n"))
      input_.erase(0, 2); // RFC 9112 2.2: lenient between requests
    if (!input_.empty() && !in_request_) { // its first byte
      in_request_ = true;
      if (requests_ > 0)
        deadline_ = clock::now() + server_->limits.header_timeout;
    }
    const auto seen = std::exchange(scanned_, input_.size());
    const auto found = scan(input_, std::min(seen, input_.size()));
    const auto size = found.header_end ? found.header_end : input_.size();
    if (size > server_->limits.header_bytes)
      return refuse(431);
    if (found.bad)
      return refuse(400);
    if (found.header_end)
      return serve(found.header_end);
    read();
  }

  void read() {
    const auto size = input_.size();
    input_.resize(size + 2048);
    socket_.async_read_some(
        asio::buffer(input_.data() + size, 2048),
        [self = shared_from_this(), size](error_code ec, std::size_t n) {
          self->input_.resize(size + n);
          if (self->phase_ != phase::reading)
            return;
          if (ec)
            return self->server_->close(self);
          self->next();
        });
  }

  void serve(std::size_t header_size) {
    ++requests_;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(header_size + 1));
    parser.skip(true); // a body is refused below, whatever its length
    error_code ec;
    parser.put(asio::buffer(input_.data(), header_size), ec);
    if (ec || !parser.is_header_done())
      return refuse(names_other_version(input_) ? 505 : 400);
    const auto& head = parser.get();
    if (const int status = judge(head, server_->limits))
      return refuse(status);
    input_.erase(0, header_size);
    scanned_ = 0;
    const auto target = head.target();
    const auto mark = std::min(target.find('?'), target.size());
    request_.method = method_of(head.method());
    request_.path.assign(target.data(), mark);
    request_.query.assign(target.data() + mark, target.size() - mark);
    if (!request_.query.empty())
      request_.query.erase(0, 1);
    const auto field = [&](http::field f) {
      std::string all; // repeated lines are one list, RFC 9110, 5.3
      const auto [first, last] = head.equal_range(f);
      for (auto line = first; line != last; ++line)
        all.append(all.empty() ? "" : ", ")
            .append(line->value().data(), line->value().size());
      return all;
    };
    request_.accept = field(http::field::accept);
    request_.accept_encoding = field(http::field::accept_encoding);
    request_.host = field(http::field::host);
    request_.stats = server_->stats;
    last_ = last_ || head.version() == 10 || !head.keep_alive() ||
            requests_ >= server_->limits.requests_per_connection;
    phase_ = phase::waiting;
    deadline_ = clock::time_point::max();
    server_->on_request(shared_from_this());
  }

  // -- writing ---------------------------------------------------------------

  /// Answers something that is no request we could go on after.
  void refuse(int status) {
    const auto found =
        std::find(protocol_errors.begin(), protocol_errors.end(), status);
    ++server_->stats
          .errors[static_cast<std::size_t>(found - protocol_errors.begin())];
    last_ = true;
    request_.method = input_.starts_with("HEAD ") ? method::head : method::get;
    write(std::make_shared<message>(status, "text/plain; charset=utf-8",
                                    std::to_string(status) + "\n"));
  }

  using buffers = std::array<asio::const_buffer, 3>;

  buffers wire() const {
    static constexpr std::string_view closing = "Connection: close\r\n\r\n";
    const auto buffer = [](std::string_view s) {
      return asio::buffer(s.data(), s.size());
    };
    const bool head_only = request_.method == method::head;
    const auto body = head_only ? std::string_view{} : message_->body();
    if (last_)
      return {buffer(message_->head()), buffer(closing), buffer(body)};
    return {buffer(message_->head()), buffer(message_->blank()), buffer(body)};
  }

  void write(std::shared_ptr<const message> m) {
    phase_ = phase::writing;
    deadline_ = clock::now() + server_->limits.write_timeout;
    message_ = std::move(m);
    const auto all = wire();
    error_code ec;
    const auto n = socket_.write_some(all, ec);
    if (ec && ec != asio::error::would_block)
      return server_->close(shared_from_this());
    if (n == asio::buffer_size(all))
      return written();
    slow_ = true;
    ++server_->stats.slow_responses;
    asio::async_write(
        socket_, skip(all, n),
        [self = shared_from_this()](error_code failed, std::size_t) {
          if (self->phase_ != phase::writing)
            return;
          failed ? self->server_->close(self) : self->written();
        });
  }

  static buffers skip(buffers all, std::size_t n) {
    for (auto& b : all) {
      const auto part = std::min(n, b.size());
      b += part;
      n -= part;
    }
    return all;
  }

  void written() {
    leave_slow();
    message_.reset();
    if (last_)
      return linger();
    since_ = clock::now();
    deadline_ = since_ + server_->limits.idle_timeout;
    in_request_ = false;
    next();
  }

  /// Closes our side and waits for the peer's, so that it reads our answer.
  void linger() {
    phase_ = phase::lingering;
    deadline_ = clock::now() + linger_time;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    drain();
  }

  void drain() {
    input_.resize(4096);
    socket_.async_read_some(
        asio::buffer(input_),
        [self = shared_from_this()](error_code ec, std::size_t n) {
          if (self->phase_ != phase::lingering)
            return;
          self->drained_ += n;
          ec || self->drained_ > linger_bytes ? self->server_->close(self)
                                              : self->drain();
        });
  }

  void leave_slow() {
    if (std::exchange(slow_, false))
      --server_->stats.slow_responses;
  }

  std::shared_ptr<state> server_;
  tcp::socket socket_;
  phase phase_ = phase::reading;
  clock::time_point since_;    ///< Without a complete request since.
  clock::time_point deadline_; ///< Of the present phase; the sweep looks.
  std::string input_;
  std::size_t scanned_ = 0;
  int requests_ = 0;
  bool in_request_ = false; ///< Its first byte has come.
  bool last_ = false;       ///< Close after this answer.
  bool slow_ = false;       ///< Counted as a slow response.
  std::size_t drained_ = 0;
  request request_;
  std::shared_ptr<const message> message_;
};

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
      return; // closes the new one
  }
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(tcp::no_delay{true}, ignored);
  const auto s =
      std::make_shared<session>(shared_from_this(), std::move(socket));
  if (sessions.empty())
    sweep();
  sessions.insert(s);
  stats.connections = sessions.size();
  s->start();
}

/// Closes the connection that has been longest without a complete request.
bool http_server::state::make_room() {
  std::shared_ptr<session> oldest;
  for (const auto& s : sessions) {
    const bool serving = s->now() == session::phase::waiting ||
                         s->now() == session::phase::writing;
    if (!serving && (!oldest || s->since() < oldest->since()))
      oldest = s;
  }
  if (oldest)
    close(oldest);
  return oldest != nullptr;
}

/// One coarse timer for the deadlines of all connections.
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

std::string http_server::listen(const std::string& address) {
  const auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('['))
    host = host.substr(1, host.size() - 2);
  error_code ec;
  tcp::endpoint local;
  const auto port =
      static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
  if (host.empty()) {
    local = {tcp::v6(), port};
  } else {
    tcp::resolver names{state_->io};
    const auto found = names.resolve(host, std::to_string(port), ec);
    if (!ec)
      local = *found.begin();
  }
  const auto acceptor = std::make_shared<tcp::acceptor>(state_->io);
  const auto step = [&](auto&& f) {
    if (!ec)
      f();
  };
  step([&] { acceptor->open(local.protocol(), ec); });
  if (host.empty() && ec) { // a machine without IPv6
    local = {tcp::v4(), port};
    acceptor->open(local.protocol(), ec);
  }
  step([&] { acceptor->set_option(tcp::acceptor::reuse_address{true}, ec); });
  if (local.protocol() == tcp::v6())
    step([&] { acceptor->set_option(asio::ip::v6_only{!host.empty()}, ec); });
  step([&] { acceptor->bind(local, ec); });
  step(
      [&] { acceptor->listen(asio::socket_base::max_listen_connections, ec); });
  if (ec)
    throw std::runtime_error("cannot listen on " + address + ": " +
                             ec.message());
  state_->acceptors.push_back(acceptor);
  asio::post(state_->io, [s = state_, acceptor] { s->accept(acceptor); });
  const auto bound = acceptor->local_endpoint();
  const auto name = bound.address().to_string();
  return (bound.address().is_v6() ? "[" + name + "]" : name) + ":" +
         std::to_string(bound.port());
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
