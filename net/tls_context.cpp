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

bad_tls_material::bad_tls_material(std::vector<tls_problem> found)
    : std::runtime_error([&] {
        std::string all;
        for (const auto& p : found)
          all += (all.empty() ? "" : "; ") + p.text;
        return all;
      }()),
      problems(std::move(found)) {}

namespace {

/// Why a part cannot be used. OpenSSL's words for a text in another format tell
/// nothing.
std::string reason(error_code e) {
  const auto value = static_cast<unsigned long>(e.value());
  const auto library = ERR_GET_LIB(value);
  const bool unreadable = library == ERR_LIB_PEM || library == ERR_LIB_ASN1 ||
                          library == ERR_LIB_OSSL_DECODER ||
                          ERR_GET_REASON(value) == ERR_R_PEM_LIB;
  return unreadable ? " cannot be read as PEM" : ": " + e.message();
}

} // namespace

void use_certificate(ssl::context& c, const std::string& certificate,
                     const std::string& key, const std::string& whose,
                     std::vector<tls_problem>& problems) {
  const auto bad = [&](tls_part part, const std::string& why) {
    const auto* name = part == tls_part::key ? " key" : " certificate";
    problems.push_back({part, "the " + whose + name + why});
  };
  auto* const native = c.native_handle();
  SSL_CTX_set_default_passwd_cb(native, no_passphrase);
  // The key comes first: OpenSSL refuses one that does not fit.
  error_code no_key, no_certificate;
  c.use_private_key(buffer(key), ssl::context::pem, no_key);
  c.use_certificate_chain(buffer(certificate), no_certificate);
  if (no_certificate)
    bad(tls_part::certificate, reason(no_certificate));
  if (key.find("ENCRYPTED") != key.npos)
    bad(tls_part::key, " is encrypted, which is not supported");
  else if (no_key)
    bad(tls_part::key, reason(no_key));
  else if (!no_certificate && SSL_CTX_check_private_key(native) != 1)
    bad(tls_part::key, " does not fit the certificate");
}

void trust_authorities(ssl::context& c, const std::string& ca,
                       std::vector<tls_problem>& problems) {
  X509_STORE_set_flags(SSL_CTX_get_cert_store(c.native_handle()),
                       X509_V_FLAG_PARTIAL_CHAIN);
  error_code bad;
  if (ca.empty())
    c.set_default_verify_paths(bad);
  else
    c.add_certificate_authority(buffer(ca), bad);
  if (bad)
    problems.push_back({tls_part::authorities,
                        (ca.empty() ? "the system's certificate authorities"
                                    : "the CA certificate") +
                            reason(bad)});
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
