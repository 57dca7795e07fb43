#include "net/http_client.hpp"

#include "net/loop_impl.hpp"
#include "net/resolver_impl.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <sys/socket.h>
#include <vector>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// RFC 8305: how long one address may keep the next from being tried.
constexpr auto stagger = 250ms;
constexpr auto max_connection_age = 1h;
/// What a well-meaning server needs; trailers and chunk extensions included.
constexpr std::size_t max_header_bytes = 8192;
constexpr std::size_t max_buffer_bytes = 16384;
/// As Go's client: 100, 102 and 103 before the final response.
constexpr int max_interim_responses = 5;

bool is_local(error_code ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
         ec == asio::error::no_buffer_space ||
         ec == asio::error::address_in_use ||
         ec == asio::error::access_denied ||
         ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::address_not_available;
}

/// What a failure of an established connection means.
error io_error(error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return {errc::too_large, "response header too large"};
  if (ec == http::error::body_limit)
    return {errc::too_large, "response body too large"};
  if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
      ec == asio::error::eof)
    return {errc::eof, "connection closed before the response was complete"};
  if (ec == asio::error::connection_reset || ec == asio::error::broken_pipe ||
      ec == asio::error::connection_aborted)
    return {errc::reset, "connection reset by peer"};
  if (ec == asio::error::timed_out)
    return {errc::timeout, ec.message()};
  if (is_local(ec))
    return {errc::local, ec.message()};
  return {errc::protocol, "invalid HTTP response: " + ec.message()};
}

error connect_error(error_code ec) {
  if (ec == asio::error::timed_out)
    return {errc::timeout, ec.message()};
  return {is_local(ec) ? errc::local : errc::connect, ec.message()};
}

/// What Beast 1.81 lets through although it must not be trusted.
const char* framing_defect(const http::fields& fields, int version) {
  if (version != 10 && version != 11)
    return "HTTP version";
  const auto [first, last] = fields.equal_range(http::field::transfer_encoding);
  if (first == last)
    return nullptr;
  const bool chunked = std::next(first) == last &&
                       boost::beast::iequals(first->value(), "chunked");
  return chunked && version == 11 ? nullptr : "Transfer-Encoding";
}

std::chrono::seconds retry_after(const http::fields& fields) {
  const auto text = fields[http::field::retry_after];
  std::chrono::seconds::rep n = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return 0s;
    n = std::min<std::chrono::seconds::rep>(n * 10 + (c - '0'), 1'000'000'000);
  }
  return std::chrono::seconds{n};
}

/// The beginning of outside text, for people: logs and JSON take it as it is.
std::string printable(std::string_view text) {
  std::string result{text.substr(0, 50)};
  for (auto& c : result)
    if (c < ' ' || c > '~')
      c = '?';
  return result;
}

std::string request_for(const resource& r) {
  const bool v6 = r.host.find(':') != std::string::npos;
  auto host = v6 ? "[" + r.host + "]" : r.host;
  if (r.port != 80)
    host += ":" + std::to_string(r.port);
  return "GET " + r.path + " HTTP/1.1\r\nHost: " + host +
         "\r\nUser-Agent: " + r.user_agent +
         "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n\r\n";
}

std::string seconds_text(std::chrono::nanoseconds d) {
  auto text = std::to_string(std::chrono::duration<double>(d).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + "s";
}

} // namespace

/// Lives on the loop's thread. Every handler carries the epoch it was started
/// in and does nothing in a later one.
class http_client::session : public std::enable_shared_from_this<session> {
  /// `f` as a handler that does nothing once `now` differs from its value at
  /// this moment, or once the session is gone.
  template <class F>
  auto bound(F f, const std::uint64_t& now) {
    return [self = weak_from_this(), f = std::move(f), &now,
            then = now](auto&&... args) {
      if (const auto alive = self.lock(); alive && now == then)
        f(std::forward<decltype(args)>(args)...);
    };
  }

  template <class F>
  auto bound(F f) {
    return bound(std::move(f), epoch_);
  }

public:
  session(loop& l, resolver& names, resource what)
      : io_(l.internals().io),
        names_(names),
        what_(std::move(what)),
        request_(request_for(what_)) {}

  asio::io_context& io() { return io_; }

  void start(std::chrono::nanoseconds timeout,
             std::function<void(outcome)> done) {
    abandon();
    done_ = std::move(done);
    timeout_ = timeout;
    deadline_.expires_after(timeout);
    deadline_.async_wait(bound(
        [this](error_code ec) {
          if (!ec)
            fail({errc::timeout, "timed out after " + seconds_text(timeout_) +
                                     " while " + phase_});
        },
        request_number_));
    if (!socket_.is_open() || clock::now() - connected_at_ > max_connection_age)
      return connect();
    switch (idle_state()) {
    case idle::quiet:
      fresh_ = false;
      return send();
    case idle::closed:
      return connect();
    case idle::talking:
      return fail({errc::protocol, "data without a request"});
    }
  }

  /// Ends a running request without an answer.
  void abandon() {
    ++request_number_;
    if (!done_)
      return;
    done_ = nullptr;
    close();
  }

private:
  enum class idle { quiet, closed, talking };

  /// What the peer did while nobody asked. Servers close idle connections,
  /// some with a 408; anything else is no HTTP.
  idle idle_state() {
    std::array<char, 12> bytes{};
    const auto n = ::recv(socket_.native_handle(), bytes.data(), bytes.size(),
                          MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return idle::quiet;
    const std::string_view seen{bytes.data(),
                                n > 0 ? static_cast<std::size_t>(n) : 0};
    const bool notice = seen == "HTTP/1.1 408" || seen == "HTTP/1.0 408";
    return seen.empty() || notice ? idle::closed : idle::talking;
  }

  void close() {
    ++epoch_;
    deadline_.cancel();
    stagger_.cancel();
    close_racers();
    error_code ignored;
    socket_.close(ignored);
    parser_.reset();
    buffer_.clear();
    buffer_.shrink_to_fit();
  }

  /// A connecting socket is kept alive by its own handler: without a close it
  /// would go on until the kernel gives up.
  void close_racers() {
    error_code ignored;
    for (const auto& racer : racers_)
      racer->close(ignored);
    racers_.clear();
  }

  void finish(outcome result) {
    deadline_.cancel();
    ++request_number_;
    auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(result));
  }

  void fail(error e) {
    close();
    finish(std::move(e));
  }

  // -- connecting ------------------------------------------------------------

  void connect() {
    ++epoch_;
    error_code ignored;
    socket_.close(ignored);
    fresh_ = true;
    phase_ = "resolving the host name";
    names_.resolve(what_.host,
                   bound([this](const resolver::answer& a) { resolved(a); }));
  }

  void resolved(const resolver::answer& a) {
    if (a.addresses.empty())
      return fail(
          {a.local ? errc::local : errc::dns, what_.host + ": " + a.error});
    phase_ = "connecting";
    addresses_ = a.addresses;
    next_address_ = 0;
    connecting_ = 0;
    connect_failure_.reset();
    connect_next();
  }

  void connect_next() {
    const tcp::endpoint peer{addresses_[next_address_++], what_.port};
    const auto racer = std::make_shared<tcp::socket>(io_);
    racers_.push_back(racer);
    ++connecting_;
    error_code ec;
    racer->open(peer.protocol(), ec);
    const auto finished =
        bound([this, racer](error_code result) { connected(racer, result); });
    if (ec)
      return asio::post(io_, [finished, ec] { finished(ec); });
    racer->async_connect(peer, finished);
    if (next_address_ == addresses_.size())
      return;
    stagger_.expires_after(stagger);
    stagger_.async_wait(bound([this](error_code cancelled) {
      if (!cancelled && next_address_ < addresses_.size())
        connect_next();
    }));
  }

  void connected(const std::shared_ptr<tcp::socket>& racer, error_code ec) {
    --connecting_;
    if (ec) {
      // One address may be beyond this machine's families (::1 without IPv6):
      // that is no news if another address answered, even with a refusal.
      if (!connect_failure_ || connect_failure_->code == errc::local)
        connect_failure_ = connect_error(ec);
      stagger_.cancel();
      if (next_address_ < addresses_.size())
        return connect_next();
      if (connecting_ == 0)
        fail(*connect_failure_);
      return;
    }
    socket_ = std::move(*racer);
    ++epoch_;
    stagger_.cancel();
    close_racers();
    connected_at_ = clock::now();
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    if (socket_.available(ignored) > 0)
      return fail({errc::protocol, "data without a request"});
    send();
  }

  // -- the exchange ----------------------------------------------------------

  void send() {
    ++epoch_;
    buffer_.clear();
    parser_.reset();
    interim_responses_ = 0;
    phase_ = "sending the request";
    asio::async_write(socket_, asio::buffer(request_),
                      bound([this](error_code ec, std::size_t) {
                        if (ec)
                          return broken(ec);
                        read_head();
                      }));
  }

  void read_head() {
    phase_ = "waiting for the response";
    parser_.emplace();
    parser_->header_limit(max_header_bytes);
    parser_->body_limit(what_.max_body_bytes);
    http::async_read_header(socket_, buffer_, *parser_,
                            bound([this](error_code ec, std::size_t) {
                              ec ? broken(ec) : head_read();
                            }));
  }

  void head_read() {
    const auto& head = parser_->get();
    const auto status = head.result_int();
    if (const auto* what =
            framing_defect(head, static_cast<int>(head.version())))
      return fail(
          {errc::protocol, std::string{"invalid HTTP response: bad "} + what});
    if (status < 100 || status > 599 || status == 101)
      return fail({errc::protocol,
                   "invalid HTTP response: status " + std::to_string(status)});
    if (status < 200) {
      if (++interim_responses_ > max_interim_responses)
        return fail({errc::protocol, "too many interim responses"});
      return read_head();
    }
    const auto encoding = head[http::field::content_encoding];
    if (!encoding.empty() && !boost::beast::iequals(encoding, "identity"))
      return fail({errc::encoding, "content encoding " + printable(encoding) +
                                       " was not asked for"});
    phase_ = "reading the response";
    http::async_read(socket_, buffer_, *parser_,
                     bound([this](error_code ec, std::size_t) {
                       ec ? fail(io_error(ec)) : body_read();
                     }));
  }

  void body_read() {
    auto& message = parser_->get();
    response r{static_cast<int>(message.result_int()),
               std::move(message.body()), retry_after(message)};
    // Left-over bytes belong to nobody: the next request must not meet them.
    const bool keep =
        message.keep_alive() && !message.need_eof() && buffer_.size() == 0;
    if (keep) {
      ++epoch_;
      parser_.reset();
      buffer_.shrink_to_fit();
    } else {
      close();
    }
    finish(std::move(r));
  }

  /// The connection failed while no final response had begun.
  void broken(error_code ec) {
    const bool silent = buffer_.size() == 0 &&
                        (!parser_ || !parser_->got_some()) &&
                        interim_responses_ == 0;
    const bool died =
        io_error(ec).code == errc::eof || io_error(ec).code == errc::reset;
    if (!fresh_ && silent && died)
      return connect(); // the peer had closed it before it saw our request
    fail(io_error(ec));
  }

  asio::io_context& io_;
  resolver& names_;
  const resource what_;
  const std::string request_;

  std::function<void(outcome)> done_;
  std::chrono::nanoseconds timeout_{};
  asio::steady_timer deadline_{io_};
  const char* phase_ = "";
  std::uint64_t request_number_ = 0; ///< Grows when a request starts or ends.
  std::uint64_t epoch_ = 0;          ///< Grows when handlers become void.

  std::vector<asio::ip::address> addresses_;
  std::size_t next_address_ = 0;
  int connecting_ = 0;
  std::vector<std::shared_ptr<tcp::socket>> racers_;
  asio::steady_timer stagger_{io_};
  std::optional<error> connect_failure_;

  tcp::socket socket_{io_};
  clock::time_point connected_at_;
  bool fresh_ = true; ///< The connection has not been used before.
  boost::beast::flat_buffer buffer_{max_buffer_bytes};
  std::optional<http::response_parser<http::string_body>> parser_;
  int interim_responses_ = 0;
};

http_client::http_client(loop& l, resolver& names, resource what)
    : session_(std::make_shared<session>(l, names, std::move(what))) {}

http_client::~http_client() {
  if (!session_)
    return; // moved from
  auto& io = session_->io();
  asio::post(io, [s = std::move(session_)] { s->abandon(); });
}

void http_client::get(std::chrono::nanoseconds timeout,
                      std::function<void(outcome)> done) {
  asio::post(session_->io(), [s = session_, timeout, d = std::move(done)] {
    s->start(timeout, d);
  });
}

} // namespace betanet::net
