#pragma once

#include "net/tls_impl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace betanet::net {

/// A client's connection, encrypted or not. No operation waits: one that cannot
/// go on tells whether the socket must become readable or writable first, so
/// that the server knows which clients are slow. Lives on the loop's thread.
class server_stream {
public:
  enum class outcome : std::uint8_t { done, want_read, want_write, failed };
  struct step {
    outcome result = outcome::failed;
    std::size_t bytes = 0;
  };

  /// The stream is encrypted unless `c` is null. `handshake` must then be
  /// called before other operations.
  server_stream(boost::asio::ip::tcp::socket s, std::shared_ptr<tls_context> c);

  server_stream(const server_stream&) = delete; // OpenSSL has its address
  server_stream& operator=(const server_stream&) = delete;

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  /// Whether the peer has reset the connection, both sides have closed it, or
  /// the peer has sent urgent data.
  bool is_broken();

  bool is_secured() const { return context_ != nullptr; }

  /// To be called until it is done or has failed.
  outcome handshake();
  /// After a failed handshake: whether the client spoke HTTP without TLS. If so
  /// the connection is not encrypted from here on.
  bool met_plain_http();

  /// Whether decrypted bytes can be read. The socket does not become readable
  /// for them.
  bool has_decrypted_bytes() const;
  step read(char* to, std::size_t size);
  /// Writes as many bytes as the kernel takes.
  step write(std::span<const boost::asio::const_buffer> from);
  /// Tells the client that no more bytes will be sent.
  void finish();

  /// Move bytes of the socket itself. For OpenSSL where it is encrypted.
  step receive(char* to, std::size_t size);
  step send(const void* from, std::size_t size);

private:
  step send(std::span<const boost::asio::const_buffer> from);
  void begin_step();
  outcome outcome_of(int openssl_result) const;

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<tls_context> context_; ///< Null: not encrypted.
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::size_t taken_ = 0; ///< Bytes from the socket in this step.
};

} // namespace betanet::net
