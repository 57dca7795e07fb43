#include "net/http_session_impl.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <ctime>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;
using outcome = server_stream::outcome;

constexpr std::size_t read_size = 2048;
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

asio::const_buffer buffer(std::string_view s) {
  return {s.data(), s.size()};
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

http_server::session::session(std::shared_ptr<state> s, tcp::socket socket)
    : server_(std::move(s)),
      stream_(std::move(socket), server_->security.tls),
      since_(clock::now()),
      deadline_(since_ + server_->limits.header_timeout) {
  error_code gone;
  const auto peer = stream_.socket().remote_endpoint(gone);
  if (!gone)
    request_.peer = peer.address().to_string();
}

void http_server::session::start() {
  if (stream_.secured())
    return when_ready(outcome::want_read, &session::may_shake_hands);
  take(); // the request is mostly there
}

void http_server::session::respond(std::shared_ptr<const message> m) {
  asio::dispatch(server_->io,
                 [self = shared_from_this(), m = std::move(m)]() mutable {
                   if (self->phase_ == phase::waiting)
                     self->write(std::move(m));
                 });
}

void http_server::session::finish() {
  last_ = true;
  if (phase_ == phase::reading)
    server_->close(shared_from_this());
}

void http_server::session::close() {
  leave_slow();
  phase_ = phase::closed;
  error_code ignored;
  stream_.socket().close(ignored);
}

void http_server::session::when_ready(outcome wanted, void (session::*f)()) {
  stream_.socket().async_wait(
      wanted == outcome::want_write ? tcp::socket::wait_write
                                    : tcp::socket::wait_read,
      [self = shared_from_this(), f, meant = phase_](error_code ec) {
        if (self->phase_ != meant)
          return;
        ec ? self->server_->close(self) : ((*self).*f)();
      });
}

void http_server::session::may_shake_hands() {
  server_->shake_hands_later(shared_from_this());
}

void http_server::session::shake_hands() {
  const auto how = stream_.handshake();
  if (how == outcome::done)
    return next();
  if (how != outcome::failed)
    return when_ready(how, &session::may_shake_hands);
  if (stream_.met_plain_http())
    return refuse(400, "This is HTTPS, the request came without TLS.\n");
  linger(); // the client shall read the alert
}

// -- reading -----------------------------------------------------------------

/// Serves the next request of the buffer, or reads on.
void http_server::session::next() {
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

void http_server::session::read() {
  stream_.holds_data() ? take()
                       : when_ready(outcome::want_read, &session::take);
}

void http_server::session::take() {
  const auto size = input_.size();
  input_.resize(size + read_size);
  const auto step = stream_.read(input_.data() + size, read_size);
  input_.resize(size + step.bytes);
  if (step.how == outcome::done)
    return next();
  step.how == outcome::failed ? server_->close(shared_from_this())
                              : when_ready(step.how, &session::take);
}

void http_server::session::serve(std::size_t header_size) {
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
  request_.authorization = field(http::field::authorization);
  request_.stats = server_->stats;
  last_ = last_ || head.version() == 10 || !head.keep_alive() ||
          requests_ >= server_->limits.requests_per_connection;
  phase_ = phase::waiting;
  deadline_ = clock::now() + server_->limits.write_timeout;
  server_->on_request(shared_from_this());
}

// -- writing -----------------------------------------------------------------

/// Answers something that is no request we could go on after.
void http_server::session::refuse(int status, const std::string& why) {
  const auto found =
      std::find(protocol_errors.begin(), protocol_errors.end(), status);
  ++server_->stats
        .errors[static_cast<std::size_t>(found - protocol_errors.begin())];
  last_ = true;
  request_.method = input_.starts_with("HEAD ") ? method::head : method::get;
  write(std::make_shared<message>(status, "text/plain; charset=utf-8",
                                  why.empty() ? std::to_string(status) + "\n"
                                              : why));
}

void http_server::session::write(std::shared_ptr<const message> m) {
  phase_ = phase::writing;
  deadline_ = clock::now() + server_->limits.write_timeout;
  message_ = std::move(m);
  const auto head = message_->head();
  const auto end = last_ ? "Connection: close\r\n\r\n" : message_->blank();
  const auto body =
      request_.method == method::head ? std::string_view{} : message_->body();
  const auto& fields = server_->security.fields;
  unsent_ = {buffer(head), buffer(end), buffer(body)};
  if (stream_.secured() || !fields.empty()) { // one record, one packet
    joined_ = head;
    for (const auto& [name, value] : fields) {
      const auto own = joined_.find("\r\n" + name + ":");
      if (own != joined_.npos)
        joined_.erase(own, joined_.find("\r\n", own + 2) - own);
      joined_ += name + ": " + value + "\r\n";
    }
    joined_ += end;
    unsent_ = {buffer(joined_), buffer({}), buffer(body)};
  }
  write_on();
}

void http_server::session::write_on() {
  for (;;) {
    auto step = stream_.write(unsent_);
    for (auto& b : unsent_) {
      const auto part = std::min(step.bytes, b.size());
      b += part;
      step.bytes -= part;
    }
    if (step.how == outcome::failed)
      return server_->close(shared_from_this());
    if (asio::buffer_size(unsent_) == 0)
      return written();
    if (step.how == outcome::done)
      continue;
    if (!std::exchange(slow_, true))
      ++server_->stats.slow_responses;
    return when_ready(step.how, &session::write_on);
  }
}

void http_server::session::written() {
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
void http_server::session::linger() {
  phase_ = phase::lingering;
  deadline_ = clock::now() + linger_time;
  stream_.finish();
  drain();
}

void http_server::session::drain() {
  input_.resize(4096);
  stream_.socket().async_read_some(
      asio::buffer(input_),
      [self = shared_from_this()](error_code ec, std::size_t n) {
        if (self->phase_ != phase::lingering)
          return;
        self->drained_ += n;
        ec || self->drained_ > linger_bytes ? self->server_->close(self)
                                            : self->drain();
      });
}

void http_server::session::leave_slow() {
  if (std::exchange(slow_, false))
    --server_->stats.slow_responses;
}

} // namespace betanet::net
