#pragma once

#include "net/tls.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <string>

namespace betanet::net {

struct tls_context {
  boost::asio::ssl::context c;
  bool verify = true;                   ///< The peer.
  std::vector<std::string> client_sans; ///< Of a server; empty: any.
};

/// Prepares a handshake with a server: the name it is asked for and, where the
/// context says so, verified against; for an address that is the address. What
/// verification finds wrong is written to `defect`, which outlives it. False if
/// no certificate could ever be checked against that name.
[[nodiscard]] bool expect_host(SSL* ssl, const std::string& host,
                               const tls_context& c, std::string& defect);

} // namespace betanet::net
