#include "net/http_client.hpp"

#include "net/connector_impl.hpp"
#include "net/errors_impl.hpp"
#include "net/loop_impl.hpp"
#include "net/stream_impl.hpp"

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

/// A phase of a request, by address.
constexpr const char* const reading_files = "reading certificates and secrets";
/// What a well-meaning server needs; trailers and chunk extensions included.
constexpr std::size_t max_header_bytes = 8192;
constexpr std::size_t max_buffer_bytes = 16384;
/// As Go's client: 100, 102 and 103 before the final response.
constexpr int max_interim_responses = 5;

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

std::string request_for(const resource& r, const std::string& fields) {
  const bool v6 = r.host.find(':') != std::string::npos;
  auto host = v6 ? "[" + r.host + "]" : r.host;
  if (r.port != (r.tls ? 443 : 80))
    host += ":" + std::to_string(r.port);
  return "GET " + r.path + " HTTP/1.1\r\nHost: " + host +
         "\r\nUser-Agent: " + r.user_agent +
         "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n" +
         fields + "\r\n";
}

/// What bytes are that end before they make a header, unless they began as one.
std::optional<error> unfinished(std::string_view bytes) {
  constexpr char tls_alert = 0x15; // RFC 8446, the record's content type
  constexpr std::string_view version = "HTTP/1.";
  if (bytes.front() == tls_alert)
    return error{errc::protocol, "invalid HTTP response: the peer speaks TLS, "
                                 "the URL does not say https"};
  if (bytes.substr(0, version.size()) != version.substr(0, bytes.size()))
    return error{errc::protocol, "invalid HTTP response: no status line"};
  return std::nullopt;
}

std::string seconds_text(std::chrono::nanoseconds d) {
  auto text = std::to_string(std::chrono::duration<double>(d).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + "s";
}

/// A connection with what belongs to it. Its running operation keeps it alive:
/// an aborted one still touches the buffer, the parser and the TLS state.
struct line {
  line(tcp::socket s, std::shared_ptr<tls_context> c)
      : peer(std::move(s)), context(std::move(c)) {}

  stream peer;
  std::shared_ptr<tls_context> context; ///< Empty: not encrypted.
  std::string defect;                   ///< What verification found wrong.
  clock::time_point since = clock::now();
  bool fresh = true;    ///< Has not carried a response yet.
  bool writing = false; ///< The request is not out yet.
  error_code write_error;
  bool watched = false;     ///< A read of one byte runs, see `watch`.
  char first = 0;           ///< That byte.
  std::size_t overhead = 0; ///< Of the running exchange: what is no body.
  std::function<void(std::uint64_t, boost::beast::string_view, error_code&)>
      on_chunk; ///< Beast keeps a reference to it.
  std::string request;
  boost::beast::flat_buffer buffer{max_buffer_bytes};
  std::optional<http::response_parser<http::string_body>> parser;
};

/// What was read for a request before it is sent.
struct preparation {
  std::string fields;
  std::shared_ptr<tls_context> context;
  std::string defect; ///< Why there is none of it.
};

} // namespace

/// Lives on the loop's thread. A handler does nothing once its request, or its
/// connection, is no longer the present one.
class http_client::session : public std::enable_shared_from_this<session> {
  template <class F>
  auto for_this_request(F f) {
    return [self = weak_from_this(), f = std::move(f),
            then = request_number_](auto&&... args) {
      if (const auto alive = self.lock();
          alive && alive->request_number_ == then)
        f(std::forward<decltype(args)>(args)...);
    };
  }

  template <class F>
  auto on_this_line(F f) {
    return [self = weak_from_this(), f = std::move(f),
            used = line_](auto&&... args) {
      if (const auto alive = self.lock(); alive && alive->line_ == used)
        f(std::forward<decltype(args)>(args)...);
    };
  }

public:
  session(outbound& shared, resource what)
      : io_(shared.events.internals().io),
        shared_(shared),
        what_(std::move(what)),
        connector_(std::make_shared<connector>(io_, shared.names)) {}

  ~session() {
    close_line(); // a read that waits on it would keep it open
  }

  asio::io_context& io() { return io_; }

  void start(std::chrono::nanoseconds timeout,
             std::function<void(outcome)> done) {
    abandon();
    done_ = std::move(done);
    timeout_ = timeout;
    deadline_.expires_after(timeout);
    deadline_.async_wait(for_this_request([this](error_code ec) {
      if (ec)
        return;
      // Our own files: the upstream has not been asked yet.
      fail({phase_ == reading_files ? errc::local : errc::timeout,
            "timed out after " + seconds_text(timeout_) + " while " +
                (phase_ ? phase_ : connector_->phase())});
    }));
    prepare();
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
  void close() {
    deadline_.cancel();
    connector_->stop();
    close_line();
  }

  void close_line() {
    if (!line_)
      return;
    error_code ignored;
    line_->peer.socket().close(ignored);
    line_.reset();
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

  // -- before the request ----------------------------------------------------

  /// Reads what may have changed since the last request.
  void prepare() {
    phase_ = reading_files;
    const bool known = !what_.tls || prepared_.context;
    if (!what_.identify && known) {
      prepared_.fields = what_.identity.fields;
      return proceed();
    }
    if (std::exchange(reading_, true)) // one that hangs is enough
      return fail({errc::local, "certificates and secrets are still being "
                                "read for a former request"});
    const auto over = [self = weak_from_this()] {
      if (const auto alive = self.lock())
        alive->reading_ = false;
    };
    const auto resume = for_this_request([this](preparation p) {
      prepared_ = std::move(p);
      prepared_.defect.empty() ? proceed()
                               : fail({errc::local, prepared_.defect});
    });
    const bool started = shared_.files.run(
        [over, resume, identify = what_.identify, fixed = what_.identity,
         tls = what_.tls, contexts = shared_.contexts] {
          preparation p;
          try {
            auto id = identify ? identify() : fixed;
            p.fields = std::move(id.fields);
            if (tls)
              p.context = contexts->get(id.tls.value_or(tls_material{}));
          } catch (const std::exception& e) {
            p.defect = e.what();
          }
          return [over, resume, p] {
            over();
            resume(p);
          };
        });
    if (started)
      return;
    reading_ = false;
    fail({errc::local, "no thread to read certificates and secrets"});
  }

  void proceed() {
    if (line_ && (line_->context != prepared_.context ||
                  clock::now() - line_->since >= what_.max_connection_age))
      close_line();
    switch (line_ ? idle_state() : idle::closed) {
    case idle::quiet:
      return send();
    case idle::closed:
      return connect();
    case idle::talking:
      return fail({errc::protocol, "data without a request"});
    }
  }

  enum class idle { quiet, closed, talking };

  /// What the peer did while nobody asked. Servers close idle connections,
  /// some with a 408; anything else is no HTTP. An encrypted one is watched.
  idle idle_state() {
    auto& peer = line_->peer;
    if (peer.secured())
      return idle::quiet;
    std::array<char, 12> bytes{};
    const auto n = ::recv(peer.socket().native_handle(), bytes.data(),
                          bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return idle::quiet;
    const std::string_view seen{bytes.data(),
                                n > 0 ? static_cast<std::size_t>(n) : 0};
    const bool notice = seen == "HTTP/1.1 408" || seen == "HTTP/1.0 408";
    return seen.empty() || notice ? idle::closed : idle::talking;
  }

  void connect() {
    close_line();
    phase_ = nullptr; // the connector's
    connector_->start(what_.host, what_.port,
                      [this](connector::result r) { connected(std::move(r)); });
  }

  void connected(connector::result r) {
    if (const auto* e = std::get_if<error>(&r))
      return fail(*e);
    line_ = std::make_shared<line>(std::move(std::get<tcp::socket>(r)),
                                   prepared_.context);
    auto& socket = line_->peer.socket();
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    if (line_->context)
      return shake_hands();
    if (socket.available(ignored) > 0)
      return fail({errc::protocol, "data without a request"});
    send();
  }

  void shake_hands() {
    phase_ = "shaking hands (TLS)";
    auto& secured = line_->peer.secure(*line_->context);
    if (!expect_host(secured.native_handle(),
                     what_.server_name.empty() ? what_.host : what_.server_name,
                     *line_->context, line_->defect))
      return fail({errc::tls, "TLS: no certificate can bear this name"});
    secured.async_handshake(
        asio::ssl::stream_base::client, on_this_line([this](error_code ec) {
          if (ec)
            return fail(handshake_error(ec, line_->defect));
          if (line_->peer.holds_data())
            return fail({errc::protocol, "data without a request"});
          send();
        }));
  }

  /// Reads ahead on a kept encrypted connection: neither the kernel nor OpenSSL
  /// can tell whether an answer nobody asked for, or a part of one, waits in
  /// some buffer. While idle any byte ends the connection; once a request is
  /// out it is the first one of the response.
  void watch() {
    line_->watched = true;
    line_->peer.async_read_some(
        asio::buffer(&line_->first, 1),
        on_this_line([this](error_code ec, std::size_t) {
          line_->watched = false;
          if (!done_ || phase_ == reading_files)
            return close_line();
          if (ec)
            return broken(ec);
          const auto room = line_->buffer.prepare(1);
          *static_cast<char*>(room.data()) = line_->first;
          line_->buffer.commit(1);
          if (!line_->writing)
            read_head();
        }));
  }

  // -- the exchange ----------------------------------------------------------

  void send() {
    line_->buffer.clear();
    line_->parser.reset();
    line_->overhead = 0;
    line_->writing = true;
    interim_responses_ = 0;
    phase_ = "sending the request";
    line_->request = request_for(what_, prepared_.fields);
    asio::async_write(line_->peer, asio::buffer(line_->request),
                      on_this_line([this](error_code ec, std::size_t) {
                        line_->writing = false;
                        if (ec && io_error(ec).code == errc::local)
                          return fail(io_error(ec));
                        line_->write_error = ec;
                        phase_ = "waiting for the response";
                        if (!line_->watched)
                          read_head(); // who does not listen may say why
                      }));
  }

  void read_head() {
    phase_ = "waiting for the response";
    auto& parser = line_->parser.emplace();
    parser.header_limit(max_header_bytes);
    parser.body_limit(what_.max_body_bytes);
    line_->on_chunk = [l = line_.get()](std::uint64_t,
                                        boost::beast::string_view extensions,
                                        error_code& ec) {
      if ((l->overhead += extensions.size()) > max_buffer_bytes)
        ec = http::error::header_limit;
    };
    parser.on_chunk_header(line_->on_chunk);
    http::async_read_header(line_->peer, line_->buffer, parser,
                            on_this_line([this](error_code ec, std::size_t n) {
                              if (!ec &&
                                  (line_->overhead += n) > max_buffer_bytes)
                                ec = http::error::header_limit;
                              ec ? broken(ec, n) : head_read();
                            }));
  }

  void head_read() {
    const auto& head = line_->parser->get();
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
    http::async_read(line_->peer, line_->buffer, *line_->parser,
                     on_this_line([this](error_code ec, std::size_t) {
                       ec ? fail(io_error(ec)) : body_read();
                     }));
  }

  void body_read() {
    auto& message = line_->parser->get();
    response r{static_cast<int>(message.result_int()),
               std::move(message.body()), retry_after(message)};
    // Left-over bytes belong to nobody: the next request must not meet them.
    const bool keep = message.keep_alive() && !message.need_eof() &&
                      line_->buffer.size() == 0;
    if (keep) {
      line_->fresh = false;
      line_->parser.reset();
      line_->buffer.shrink_to_fit();
      if (line_->peer.secured())
        watch();
    } else {
      close();
    }
    finish(std::move(r));
  }

  /// The connection failed while no final response had begun.
  /// `taken` bytes of it were understood.
  void broken(error_code ec, std::size_t taken = 0) {
    auto e = io_error(ec);
    const auto& seen = line_->buffer;
    const auto& parser = line_->parser;
    const bool silent = seen.size() == 0 && !(parser && parser->got_some()) &&
                        interim_responses_ == 0;
    const bool died = e.code == errc::eof || e.code == errc::reset;
    if (!line_->fresh && silent && died)
      return connect(); // the peer had closed it before it saw our request
    if (silent && line_->write_error) // it took the reason with it
      e = io_error(line_->write_error);
    if (e.code == errc::eof && seen.size() > 0 && taken == 0)
      e = unfinished(
              {static_cast<const char*>(seen.cdata().data()), seen.size()})
              .value_or(e);
    fail(std::move(e));
  }

  asio::io_context& io_;
  outbound& shared_;
  const resource what_;
  const std::shared_ptr<connector> connector_;

  std::function<void(outcome)> done_;
  std::chrono::nanoseconds timeout_{};
  asio::steady_timer deadline_{io_};
  const char* phase_ = "";           ///< Null: the connector knows.
  std::uint64_t request_number_ = 0; ///< Grows when a request starts or ends.
  preparation prepared_;
  std::shared_ptr<line> line_; ///< Between requests: kept.
  int interim_responses_ = 0;
  bool reading_ = false; ///< Files, in a thread.
};

http_client::http_client(outbound& shared, resource what)
    : session_(std::make_shared<session>(shared, std::move(what))) {}

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
