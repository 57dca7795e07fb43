#include "net/tls_context_impl.hpp"

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace betanet::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

int protocol_number(tls_version v) {
  switch (v) {
  case tls_version::v1_0:
    return TLS1_VERSION;
  case tls_version::v1_1:
    return TLS1_1_VERSION;
  case tls_version::v1_2:
    return TLS1_2_VERSION;
  case tls_version::v1_3:
    return TLS1_3_VERSION;
  }
  return 0; // not reached: every enumerator returns above
}

boost::asio::const_buffer buffer(const std::string& text) {
  return boost::asio::buffer(text);
}

/// Calls `f(error_code&)`. Throws an error that begins with `what` if it fails.
template <class F>
void try_to(const std::string& what, F f) {
  error_code ec;
  f(ec);
  if (ec)
    throw std::runtime_error(what + ": " + ec.message());
}

/// In place of OpenSSL's own callback, which asks on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

expiry expiry_of(const X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1)
    return std::nullopt;
  return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&utc)}};
}

expiry earlier(expiry a, expiry b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

} // namespace

void use_certificate(ssl::context& c, const std::string& certificate,
                     const std::string& key, const std::string& whose) {
  if (key.find("ENCRYPTED") != key.npos)
    throw std::runtime_error("the " + whose +
                             " key is encrypted, which is not supported");
  SSL_CTX_set_default_passwd_cb(c.native_handle(), no_passphrase);
  try_to("the " + whose + " certificate", [&](error_code& ec) {
    c.use_certificate_chain(buffer(certificate), ec);
  });
  try_to("the " + whose + " key", [&](error_code& ec) {
    c.use_private_key(buffer(key), ssl::context::pem, ec);
  });
  if (SSL_CTX_check_private_key(c.native_handle()) != 1)
    throw std::runtime_error("the " + whose +
                             " key does not fit the certificate");
}

void trust_authorities(ssl::context& c, const std::string& ca) {
  X509_STORE_set_flags(SSL_CTX_get_cert_store(c.native_handle()),
                       X509_V_FLAG_PARTIAL_CHAIN);
  if (ca.empty())
    try_to("the system's certificate authorities",
           [&](error_code& ec) { c.set_default_verify_paths(ec); });
  else
    try_to("the CA certificate", [&](error_code& ec) {
      c.add_certificate_authority(buffer(ca), ec);
    });
}

void limit_versions(ssl::context& c, tls_version least, tls_version most) {
  SSL_CTX_set_min_proto_version(c.native_handle(), protocol_number(least));
  SSL_CTX_set_max_proto_version(c.native_handle(), protocol_number(most));
}

expiry expiry_of(STACK_OF(X509) * certificates) {
  expiry first;
  for (int i = 0; i < sk_X509_num(certificates); ++i)
    first = earlier(first, expiry_of(sk_X509_value(certificates, i)));
  return first;
}

std::optional<std::chrono::sys_seconds> expiry_of(const tls_context& c) {
  // Asio's functions are not const; nothing is changed.
  auto* const native = const_cast<ssl::context&>(c.c).native_handle();
  STACK_OF(X509)* others = nullptr;
  SSL_CTX_get_extra_chain_certs(native, &others);
  auto* const own = SSL_CTX_get0_certificate(native);
  return own ? earlier(expiry_of(own), expiry_of(others)) : std::nullopt;
}

} // namespace betanet::net
