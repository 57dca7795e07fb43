#include "net/server_stream_impl.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <poll.h>

namespace betanet::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// How much one step may take from the socket: two TLS records. OpenSSL reads
/// on while the peer sends records without data, such as updates of the key;
/// without a bound such a peer could occupy the thread for ever.
constexpr std::size_t step_bytes = 32768;

server_stream& stream_of(BIO* b) {
  return *static_cast<server_stream*>(BIO_get_data(b));
}

int take_from_socket(BIO* b, char* to, int size) {
  BIO_clear_retry_flags(b);
  const auto s = stream_of(b).receive(to, static_cast<std::size_t>(size));
  if (s.result == server_stream::outcome::want_read)
    BIO_set_retry_read(b);
  return s.result == server_stream::outcome::done ? static_cast<int>(s.bytes)
                                                  : -1;
}

int give_to_socket(BIO* b, const char* from, int size) {
  BIO_clear_retry_flags(b);
  const auto s = stream_of(b).send(from, static_cast<std::size_t>(size));
  if (s.result == server_stream::outcome::want_write)
    BIO_set_retry_write(b);
  return s.result == server_stream::outcome::done ? static_cast<int>(s.bytes)
                                                  : -1;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    auto* m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(),
                           "bounded socket");
    BIO_meth_set_read(m, take_from_socket);
    BIO_meth_set_write(m, give_to_socket);
    BIO_meth_set_ctrl(m, control);
    return m;
  }();
  return method;
}

} // namespace

server_stream::server_stream(asio::ip::tcp::socket s,
                             std::shared_ptr<tls_context> c)
    : socket_(std::move(s)), context_(std::move(c)), ssl_(nullptr, SSL_free) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  if (!context_)
    return;
  auto* const bio = BIO_new(socket_method());
  ssl_.reset(bio ? SSL_new(context_->c.native_handle()) : nullptr);
  if (!ssl_) { // no memory: the handshake will fail
    BIO_free(bio);
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

bool server_stream::is_broken() {
  // Errors and hang-ups are always reported. No client of HTTP sends urgent
  // data, of which the kernel would report again and again.
  pollfd about{socket_.native_handle(), POLLPRI, 0};
  return ::poll(&about, 1, 0) > 0;
}

auto server_stream::receive(char* to, std::size_t size) -> step {
  step s;
  if (is_secured() && taken_ >= step_bytes) {
    s.result = outcome::want_read;
    return s;
  }
  error_code ec;
  s.bytes = socket_.read_some(asio::buffer(to, size), ec);
  taken_ += s.bytes;
  s.result = !ec                              ? outcome::done
             : ec == asio::error::would_block ? outcome::want_read
                                              : outcome::failed;
  return s;
}

auto server_stream::send(const void* from, std::size_t size) -> step {
  const std::array one{asio::const_buffer{from, size}};
  return send(one);
}

auto server_stream::send(std::span<const asio::const_buffer> from) -> step {
  step s;
  error_code ec;
  s.bytes = socket_.write_some(from, ec);
  s.result = !ec                              ? outcome::done
             : ec == asio::error::would_block ? outcome::want_write
                                              : outcome::failed;
  return s;
}

auto server_stream::outcome_of(int openssl_result) const -> outcome {
  switch (SSL_get_error(ssl_.get(), openssl_result)) {
  case SSL_ERROR_NONE:
    return outcome::done;
  case SSL_ERROR_WANT_READ:
    return outcome::want_read;
  case SSL_ERROR_WANT_WRITE:
    return outcome::want_write;
  default:
    return outcome::failed;
  }
}

void server_stream::begin_step() {
  taken_ = 0;
  ERR_clear_error();
}

auto server_stream::handshake() -> outcome {
  begin_step();
  return ssl_ ? outcome_of(SSL_do_handshake(ssl_.get())) : outcome::failed;
}

bool server_stream::met_plain_http() {
  const bool plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  if (plain)
    context_.reset();
  return plain;
}

bool server_stream::has_decrypted_bytes() const {
  return is_secured() && SSL_pending(ssl_.get()) > 0;
}

auto server_stream::read(char* to, std::size_t size) -> step {
  if (!is_secured())
    return receive(to, size);
  begin_step();
  step s;
  s.result = outcome_of(SSL_read_ex(ssl_.get(), to, size, &s.bytes));
  return s;
}

auto server_stream::write(std::span<const asio::const_buffer> from) -> step {
  if (!is_secured())
    return send(from);
  step s;
  s.result = outcome::done;
  for (const auto& b : from)
    for (std::size_t at = 0; at < b.size();) {
      std::size_t n = 0;
      begin_step();
      s.result = outcome_of(
          SSL_write_ex(ssl_.get(), static_cast<const char*>(b.data()) + at,
                       b.size() - at, &n));
      if (s.result != outcome::done)
        return s;
      at += n;
      s.bytes += n;
    }
  return s;
}

void server_stream::finish() {
  begin_step();
  if (is_secured() && ssl_)
    SSL_shutdown(ssl_.get());
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

} // namespace betanet::net
