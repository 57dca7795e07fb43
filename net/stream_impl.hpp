#pragma once

#include "net/tls_impl.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <memory>
#include <sys/socket.h>
#include <utility>

namespace betanet::net {

/// A client's connection, encrypted or not: an AsyncReadStream and an
/// AsyncWriteStream in Asio's sense. The caller keeps it alive until its
/// operations have ended.
class stream {
public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;
  using secured_stream =
      boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

  explicit stream(boost::asio::ip::tcp::socket s) : socket_(std::move(s)) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

  /// Sends everything that follows through TLS. A handshake must come first.
  secured_stream& secure(tls_context& context) {
    tls_ = std::make_unique<secured_stream>(socket_, context.c);
    return *tls_;
  }
  bool is_secured() const { return tls_ != nullptr; }

  /// Decrypted bytes are waiting to be read.
  bool has_decrypted_bytes() {
    char byte;
    const bool found =
        is_secured() && SSL_peek(tls_->native_handle(), &byte, 1) > 0;
    ERR_clear_error();
    return found;
  }

  /// Neither bytes nor the peer's close are waiting, in the kernel or in
  /// OpenSSL. Does not change anything.
  bool is_silent() {
    if (is_secured() && SSL_has_pending(tls_->native_handle()))
      return false;
    char byte;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <
               0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& to, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code,
                                                     std::size_t)>(
        [this](auto&& h, const Buffers& b) {
          if (tls_)
            tls_->async_read_some(b, std::forward<decltype(h)>(h));
          else
            socket_.async_read_some(b, std::forward<decltype(h)>(h));
        },
        handler, to);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code,
                                                     std::size_t)>(
        [this](auto&& h, const Buffers& b) {
          if (tls_)
            tls_->async_write_some(b, std::forward<decltype(h)>(h));
          else
            socket_.async_write_some(b, std::forward<decltype(h)>(h));
        },
        handler, from);
  }

private:
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<secured_stream> tls_; ///< Null: not encrypted.
};

} // namespace betanet::net
