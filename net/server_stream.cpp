#include "net/server_stream_impl.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace betanet::net {

namespace asio = boost::asio;
using boost::system::error_code;

server_stream::server_stream(asio::ip::tcp::socket s,
                             std::shared_ptr<tls_context> c)
    : socket_(std::move(s)), context_(std::move(c)), ssl_(nullptr, SSL_free) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  if (!context_)
    return;
  ssl_.reset(SSL_new(context_->c.native_handle()));
  if (ssl_ && SSL_set_fd(ssl_.get(), socket_.native_handle()) == 1)
    SSL_set_accept_state(ssl_.get());
}

auto server_stream::judge(int result) -> outcome {
  switch (SSL_get_error(ssl_.get(), result)) {
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

auto server_stream::handshake() -> outcome {
  ERR_clear_error();
  return judge(SSL_do_handshake(ssl_.get()));
}

bool server_stream::met_plain_http() {
  const bool plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  if (plain)
    ssl_.reset();
  return plain;
}

bool server_stream::holds_data() const {
  return secured() && SSL_pending(ssl_.get()) > 0;
}

auto server_stream::read(char* to, std::size_t size) -> step {
  step s;
  if (secured()) {
    ERR_clear_error();
    s.how = judge(SSL_read_ex(ssl_.get(), to, size, &s.bytes));
    return s;
  }
  error_code ec;
  s.bytes = socket_.read_some(asio::buffer(to, size), ec);
  s.how = !ec                              ? outcome::done
          : ec == asio::error::would_block ? outcome::want_read
                                           : outcome::failed;
  return s;
}

auto server_stream::write(std::span<const asio::const_buffer> from) -> step {
  step s;
  if (!secured()) {
    error_code ec;
    s.bytes = socket_.write_some(from, ec);
    s.how = !ec                              ? outcome::done
            : ec == asio::error::would_block ? outcome::want_write
                                             : outcome::failed;
    return s;
  }
  s.how = outcome::done;
  for (const auto& b : from)
    for (std::size_t at = 0; at < b.size();) {
      std::size_t n = 0;
      ERR_clear_error();
      s.how = judge(SSL_write_ex(ssl_.get(),
                                 static_cast<const char*>(b.data()) + at,
                                 b.size() - at, &n));
      if (s.how != outcome::done)
        return s;
      at += n;
      s.bytes += n;
    }
  return s;
}

void server_stream::finish() {
  if (secured()) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

} // namespace betanet::net
