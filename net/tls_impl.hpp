#pragma once

#include "net/tls.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace betanet::net {

struct tls_context {
  boost::asio::ssl::context c;
  bool verify = true; ///< Verify the certificate of the peer.
  /// One of these must be in a client's certificate; empty: no condition.
  std::vector<std::string> client_sans;
};

/// What a handshake finds out about the certificates of a server.
struct server_chain {
  std::string defect; ///< What verification found wrong; empty: nothing.
};

/// Prepares a handshake with a server: asks it for the certificate of `host` (a
/// name or an address) and, if the context verifies, expects that name in it.
/// `found` must outlive `ssl`. False if OpenSSL does not accept the name.
[[nodiscard]] bool expect_host(SSL* ssl, std::string host, const tls_context& c,
                               server_chain& found);

/// When the first certificate of the server's chain expires, after a handshake
/// that succeeded or failed; empty if there was no certificate.
std::optional<std::chrono::sys_seconds> expiry_of(SSL* ssl);

/// When the first certificate that a server's context sends expires.
std::optional<std::chrono::sys_seconds> expiry_of(const tls_context& c);

} // namespace betanet::net
