#pragma once

#include "net/tls.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <string>

namespace betanet::net {

struct tls_context {
  boost::asio::ssl::context c;
  bool verify = true; ///< Verify the certificate of the peer.
  /// One of these must be in a client's certificate; empty: no condition.
  std::vector<std::string> client_sans;
};

/// Prepares a handshake with a server: asks it for the certificate of `host` (a
/// name or an address) and, if the context verifies, expects that name in it.
/// What verification finds wrong is written to `defect`, which must outlive
/// `ssl`. False if OpenSSL does not accept the name.
[[nodiscard]] bool expect_host(SSL* ssl, const std::string& host,
                               const tls_context& c, std::string& defect);

} // namespace betanet::net
