#include "net/client_network.hpp"
#include "net/http_session_impl.hpp"

#include <boost/asio/dispatch.hpp>

#include <algorithm>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;
using outcome = server_stream::outcome;

/// Room for one read: a scraper's request is about 300 bytes.
constexpr std::size_t read_size = 2048;
/// How long and how much is read after a refusal before the close. A close
/// with unread bytes resets the connection, which destroys the response on its
/// way to the client (RFC 9112, 9.6).
constexpr auto linger_time = 1s;
constexpr std::size_t linger_bytes = 65536;

/// How much of a response is written in one turn: about 0.1 ms of copying.
constexpr std::size_t turn_bytes = 256 << 10;

asio::const_buffer buffer(std::string_view s) {
  return {s.data(), s.size()};
}

using buffers = std::array<asio::const_buffer, 3>;

/// The first bytes, at most `size` of them.
buffers first_bytes(buffers of, std::size_t size) {
  for (auto& b : of) {
    b = asio::buffer(b, size);
    size -= b.size();
  }
  return of;
}

} // namespace

http_server::session::session(std::shared_ptr<state> s, tcp::socket socket)
    : server_(std::move(s)),
      stream_(std::move(socket), server_->security.tls),
      progressed_(clock::now()),
      deadline_(progressed_ + server_->limits.header_timeout) {
  error_code gone;
  const auto peer = stream_.socket().remote_endpoint(gone);
  if (!gone)
    request_.peer = client_network(peer.address().to_string());
}

void http_server::session::start() {
  watch_for_reset();
  if (stream_.is_secured())
    return when_ready(outcome::want_read, &session::queue_handshake);
  read(); // most clients have sent their request by now
}

void http_server::session::respond(std::shared_ptr<const reply> r) {
  respond(std::move(r), false);
}

void http_server::session::respond_to_scrape(std::shared_ptr<const reply> r) {
  respond(std::move(r), true);
}

void http_server::session::respond(std::shared_ptr<const reply> r,
                                   bool to_scrape) {
  asio::dispatch(server_->io, [self = shared_from_this(), r = std::move(r),
                               to_scrape]() mutable {
    if (self->phase_ != session_phase::waiting)
      return;
    self->is_scrape_ = to_scrape;
    self->write(std::move(r));
  });
}

void http_server::session::finish() {
  is_last_ = true;
  if (phase_ == session_phase::reading)
    server_->close(shared_from_this());
}

void http_server::session::close() {
  end_slow();
  phase_ = session_phase::closed;
  error_code ignored;
  stream_.socket().close(ignored);
}

void http_server::session::when_ready(outcome wanted, void (session::*f)()) {
  stream_.socket().async_wait(
      wanted == outcome::want_write ? tcp::socket::wait_write
                                    : tcp::socket::wait_read,
      [self = shared_from_this(), f, then = phase_](error_code ec) {
        if (self->phase_ != then)
          return;
        ec ? self->server_->close(self) : ((*self).*f)();
      });
}

/// Closes the connection when the client resets it, also while its request
/// waits for an answer. A client that only closes its sending side is served.
void http_server::session::watch_for_reset() {
  stream_.socket().async_wait(
      tcp::socket::wait_error, [self = shared_from_this()](error_code) {
        if (!self->is_open())
          return;
        if (self->stream_.is_broken())
          self->server_->close(self);
        else // Asio may report an event of a descriptor that was reused
          self->watch_for_reset();
      });
}

void http_server::session::queue_handshake() {
  server_->take_turn(shared_from_this(), &session::shake_hands);
}

void http_server::session::shake_hands() {
  const auto result = stream_.handshake();
  if (result == outcome::done) {
    progressed_ = clock::now();
    return serve_next();
  }
  if (result != outcome::failed)
    return when_ready(result, &session::queue_handshake);
  if (stream_.met_plain_http())
    return refuse(400, "This is HTTPS, the request came without TLS.\n");
  linger(); // so that the client can read the TLS alert
}

// -- reading -----------------------------------------------------------------

/// Serves the next request that has been read, or reads on.
void http_server::session::serve_next() {
  phase_ = session_phase::reading;
  if (const auto size = leading_empty_lines(input_)) {
    input_.erase(0, size);
    scanned_ = 0;
  }
  if (!input_.empty() && !in_request_)
    begin_request_deadline();
  const auto end =
      find_header_end(input_, scanned_, server_->limits.header_bytes);
  scanned_ = input_.size();
  if (end.refusal)
    return refuse(end.refusal);
  if (end.size)
    return serve(end.size);
  wait_for_bytes();
}

/// The first request has its time from the accept.
void http_server::session::begin_request_deadline() {
  in_request_ = true;
  if (requests_ > 0)
    deadline_ = clock::now() + server_->limits.header_timeout;
}

void http_server::session::wait_for_bytes() {
  if (stream_.has_decrypted_bytes())
    read();
  else
    when_ready(outcome::want_read, &session::read);
}

void http_server::session::read() {
  const auto size = input_.size();
  input_.resize(size + read_size);
  const auto step = stream_.read(input_.data() + size, read_size);
  input_.resize(size + step.bytes);
  switch (step.result) {
  case outcome::done:
    return server_->is_busy()
               ? server_->take_turn(shared_from_this(), &session::serve_next)
               : serve_next();
  case outcome::want_read:
  case outcome::want_write:
    return when_ready(step.result, &session::read);
  case outcome::failed:
    return server_->close(shared_from_this());
  }
}

void http_server::session::serve(std::size_t header_size) {
  ++requests_;
  auto parsed = parse_request_head(
      std::string_view{input_}.substr(0, header_size), server_->limits.headers);
  if (const auto* r = std::get_if<refusal>(&parsed))
    return refuse(r->status);
  input_.erase(0, header_size);
  scanned_ = 0;
  static_cast<request_head&>(request_) =
      std::get<request_head>(std::move(parsed));
  ++server_->stats.requests;
  request_.stats = server_->stats;
  request_.own_slow_scrapes = server_->slow_scrapes_of(client());
  is_last_ = is_last_ || !request_.keep_alive ||
             requests_ >= server_->limits.requests_per_connection;
  phase_ = session_phase::waiting;
  progressed_ = clock::now();
  deadline_ = progressed_ + server_->limits.write_timeout;
  server_->on_request(shared_from_this());
}

// -- writing -----------------------------------------------------------------

/// Answers bytes after which the next request cannot be found, and closes.
void http_server::session::refuse(int status, const std::string& text) {
  const auto found =
      std::find(protocol_errors.begin(), protocol_errors.end(), status);
  ++server_->stats
        .errors[static_cast<std::size_t>(found - protocol_errors.begin())];
  is_last_ = true;
  request_.method = input_.starts_with("HEAD ") ? method::head : method::get;
  write(std::make_shared<reply>(status, "text/plain; charset=utf-8",
                                text.empty() ? std::to_string(status) + "\n"
                                             : text));
}

void http_server::session::write(std::shared_ptr<const reply> r) {
  phase_ = session_phase::writing;
  deadline_ = clock::now() + server_->limits.write_timeout;
  reply_ = std::move(r);
  const std::string_view end = is_last_ ? "Connection: close\r\n\r\n" : "\r\n";
  const auto body = request_.method == method::head
                        ? std::string_view{}
                        : std::string_view{reply_->body()};
  if (stream_.is_secured() || !server_->security.fields.empty()) {
    head_ = head_with_fields();
    head_ += end; // one buffer, so that TLS makes one record of it
    unsent_ = {buffer(head_), buffer({}), buffer(body)};
  } else {
    unsent_ = {buffer(reply_->head()), buffer(end), buffer(body)};
  }
  write_part();
}

/// The head of the response with the fields that every response gets.
std::string http_server::session::head_with_fields() const {
  std::string head{reply_->head()};
  for (const auto& [name, value] : server_->security.fields) {
    const auto own = head.find("\r\n" + name + ":");
    if (own != head.npos)
      head.erase(own, head.find("\r\n", own + 2) - own);
    head += name + ": " + value + "\r\n";
  }
  return head;
}

/// Writes the next part of the response. A client that reads fast gets further
/// parts in its turns, so that it does not hold up others.
void http_server::session::write_part() {
  auto step = stream_.write(first_bytes(unsent_, turn_bytes));
  if (step.bytes > 0)
    progressed_ = clock::now();
  for (auto& b : unsent_) {
    const auto part = std::min(step.bytes, b.size());
    b += part;
    step.bytes -= part;
  }
  if (step.result == outcome::failed)
    return server_->close(shared_from_this());
  if (asio::buffer_size(unsent_) == 0)
    return finish_response();
  if (step.result == outcome::done)
    return queue_writing();
  begin_slow();
  if (is_open())
    when_ready(step.result, &session::queue_writing);
}

void http_server::session::queue_writing() {
  server_->take_turn(shared_from_this(), &session::write_part);
}

void http_server::session::finish_response() {
  end_slow();
  reply_.reset();
  is_scrape_ = false;
  if (is_last_)
    return linger();
  deadline_ = clock::now() + server_->limits.idle_timeout;
  in_request_ = false;
  phase_ = session_phase::reading;
  if (input_.empty())
    return wait_for_bytes();
  // The next request has been sent already: others get their turn before.
  server_->take_turn(shared_from_this(), &session::serve_next);
}

/// Closes this side and waits for the client to close its own.
void http_server::session::linger() {
  phase_ = session_phase::lingering;
  deadline_ = clock::now() + linger_time;
  stream_.finish();
  drain();
}

void http_server::session::drain() {
  input_.resize(4096);
  stream_.socket().async_read_some(
      asio::buffer(input_),
      [self = shared_from_this()](error_code ec, std::size_t n) {
        if (self->phase_ != session_phase::lingering)
          return;
        self->drained_ += n;
        ec || self->drained_ > linger_bytes ? self->server_->close(self)
                                            : self->drain();
      });
}

/// Counts a response that the kernel did not take at once. May close this
/// connection.
void http_server::session::begin_slow() {
  if (std::exchange(is_slow_, true))
    return;
  server_->stats.slow_scrapes += is_scrape_;
  server_->keep(reply_.get());
}

void http_server::session::end_slow() {
  if (!std::exchange(is_slow_, false))
    return;
  server_->stats.slow_scrapes -= is_scrape_;
  server_->release(reply_.get());
}

} // namespace betanet::net
