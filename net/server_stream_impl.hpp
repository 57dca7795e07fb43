#pragma once

#include "net/tls_impl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace betanet::net {

/// A client's connection, encrypted or not. Nothing here waits: a step that
/// cannot go on says what the socket must become first, so that the server
/// knows which clients are slow.
class server_stream {
public:
  enum class outcome : std::uint8_t { done, want_read, want_write, failed };
  struct step {
    outcome how = outcome::failed;
    std::size_t bytes = 0;
  };

  /// `c` null: not encrypted.
  server_stream(boost::asio::ip::tcp::socket s, std::shared_ptr<tls_context> c);

  server_stream(const server_stream&) = delete; // OpenSSL knows where it is
  server_stream& operator=(const server_stream&) = delete;

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  bool secured() const { return context_ != nullptr; }

  /// Until it is done, before anything else.
  outcome handshake();
  /// The handshake failed since the client speaks HTTP without TLS. What is
  /// written from here on is plain.
  bool met_plain_http();

  /// Bytes have been decrypted that nobody has read: the socket will not tell.
  bool holds_data() const;
  step read(char* to, std::size_t size);
  /// As much of them as can be.
  step write(std::span<const boost::asio::const_buffer> from);
  /// Tells the client that nothing more comes.
  void finish();

  /// The socket's bytes themselves; of an encrypted one for OpenSSL only.
  step receive(char* to, std::size_t size);
  step send(const void* from, std::size_t size);

private:
  step send(std::span<const boost::asio::const_buffer> from);
  void begin_step();
  outcome judge(int result);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<tls_context> context_; ///< What clients are checked against.
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::size_t taken_ = 0; ///< From the socket in this step.
};

} // namespace betanet::net
