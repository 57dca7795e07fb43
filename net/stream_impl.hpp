#pragma once

#include "net/tls_impl.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <utility>

namespace betanet::net {

/// A connection, encrypted or not: Asio's AsyncReadStream and
/// AsyncWriteStream. Whoever starts an operation keeps it alive until the end.
class stream {
public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;

  explicit stream(boost::asio::ip::tcp::socket s) : socket_(std::move(s)) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

  /// From here on everything goes through TLS; the handshake is due.
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>&
  secure(tls_context& c) {
    return tls_.emplace(socket_, c.c);
  }
  bool secured() const { return tls_.has_value(); }
  SSL* ssl() { return tls_->native_handle(); }

  /// Bytes have come that nobody has read, as far as can be seen without
  /// asking the kernel.
  bool holds_data() {
    char byte;
    const bool found = secured() && SSL_peek(ssl(), &byte, 1) > 0;
    ERR_clear_error();
    return found;
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
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
};

} // namespace betanet::net
