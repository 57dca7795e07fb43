#pragma once

// What the contexts of clients and of servers have in common.

#include "net/tls_impl.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace betanet::net {

/// "http/1.1" in ALPN's encoding: a length and the name (RFC 7301, 3.1).
constexpr std::string_view http11 = "\x08http/1.1";

inline const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Gives the context its own certificate and key, in PEM. `whose`, such as
/// "client", is for the messages. What is wrong is added to `problems`.
void use_certificate(boost::asio::ssl::context& c,
                     const std::string& certificate, const std::string& key,
                     const std::string& whose,
                     std::vector<tls_problem>& problems);

/// Trusts these authorities, in PEM; empty: the system's. An intermediate
/// authority is trusted without its root, as in Go. What is wrong is added to
/// `problems`.
void trust_authorities(boost::asio::ssl::context& c, const std::string& ca,
                       std::vector<tls_problem>& problems);

void limit_versions(boost::asio::ssl::context& c, tls_version least,
                    tls_version most);

using expiry = std::optional<std::chrono::sys_seconds>;

/// The earliest expiry in a list of certificates, which may be null.
expiry expiry_of(STACK_OF(X509) * certificates);

} // namespace betanet::net
