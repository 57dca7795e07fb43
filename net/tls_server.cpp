#include "net/tls_context_impl.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <stdexcept>

namespace betanet::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// The largest certificate chain of a client, in bytes. A chain of three
/// certificates with 4096-bit keys has about 6 KiB.
constexpr long max_chain_bytes = 32768;

/// For TLS 1.2 and before: the defaults of Go's crypto/tls. All have forward
/// secrecy; authenticated encryption comes first.
constexpr auto default_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";

/// The defaults of Go's crypto/tls. OpenSSL's own also have finite fields, with
/// which a handshake costs a server much more.
constexpr auto default_curves = "X25519:P-256:P-384:P-521";

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& n : names)
    all += (all.empty() ? "" : ":") + n;
  return all;
}

std::string_view text_of(const ASN1_STRING* s) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)),
          static_cast<std::size_t>(ASN1_STRING_length(s))};
}

/// The name of a certificate is exactly `wanted`.
bool equals_name(const GENERAL_NAME* n, const std::string& wanted) {
  switch (n->type) {
  case GEN_DNS:
  case GEN_EMAIL:
  case GEN_URI:
    return text_of(n->d.ia5) == wanted;
  case GEN_IPADD: {
    error_code no_address;
    const auto a = boost::asio::ip::make_address(wanted, no_address);
    const auto found = text_of(n->d.iPAddress);
    const auto same = [&](const auto& octets) {
      return std::equal(octets.begin(), octets.end(), found.begin(),
                        found.end(), [](unsigned char x, char y) {
                          return x == static_cast<unsigned char>(y);
                        });
    };
    return !no_address && (a.is_v4() ? same(a.to_v4().to_bytes())
                                     : same(a.to_v6().to_bytes()));
  }
  default:
    return false;
  }
}

bool has_one_of(X509* certificate, const std::vector<std::string>& wanted) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
          certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i)
    for (const auto& w : wanted)
      if (equals_name(sk_GENERAL_NAME_value(names.get(), i), w))
        return true;
  return false;
}

/// Index in the extra data of OpenSSL's context: our own context.
int context_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Called by OpenSSL for each certificate of a client's chain, the client's own
/// last.
int on_client_certificate(int good, X509_STORE_CTX* store) {
  auto* const ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* const context = static_cast<tls_context*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  if (context->verify && !good)
    return 0;
  if (X509_STORE_CTX_get_error_depth(store) == 0 &&
      !context->client_sans.empty() &&
      !has_one_of(X509_STORE_CTX_get_current_cert(store),
                  context->client_sans)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  return 1;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size,
                    void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, bytes(http11), http11.size(),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void ask_for_certificates(tls_context& made, const tls_server_material& m,
                          std::vector<tls_problem>& problems) {
  auto* const native = made.c.native_handle();
  if (made.verify)
    trust_authorities(made.c, m.client_ca, problems);
  if (!m.client_ca.empty()) { // clients learn which authorities are accepted
    auto* const objects =
        X509_STORE_get0_objects(SSL_CTX_get_cert_store(native));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i)
      if (auto* ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)))
        SSL_CTX_add_client_CA(native, ca);
  }
  SSL_CTX_set_ex_data(native, context_index(), &made);
  const bool needed = m.auth == client_auth::require_any ||
                      m.auth == client_auth::require_and_verify ||
                      !m.client_sans.empty();
  SSL_CTX_set_verify(
      native, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      on_client_certificate);
  // Without an id OpenSSL refuses to resume the session of a verified client.
  static constexpr std::string_view id = "betanet_exporter";
  SSL_CTX_set_session_id_context(native, bytes(id), id.size());
}

} // namespace

std::shared_ptr<tls_context> serve_tls(const tls_server_material& m) {
  auto made = std::make_shared<tls_context>(
      tls_context{ssl::context{ssl::context::tls_server},
                  m.auth == client_auth::verify_if_given ||
                      m.auth == client_auth::require_and_verify,
                  m.client_sans});
  auto& c = made->c;
  auto* const native = c.native_handle();
  std::vector<tls_problem> problems;
  limit_versions(c, m.least, m.most);
  auto suites =
      m.cipher_suites.empty() ? default_suites : joined(m.cipher_suites);
  if (m.least < tls_version::v1_2) // level 1 of OpenSSL forbids their SHA-1
    suites += ":@SECLEVEL=0";
  // OpenSSL ignores the suites of TLS 1.3 in this list and fails if no other is
  // in it.
  if (m.least < tls_version::v1_3 &&
      SSL_CTX_set_cipher_list(native, suites.c_str()) != 1)
    problems.push_back(
        {tls_part::settings, "none of the cipher suites can be used"});
  const auto curves = m.curves.empty() ? default_curves : joined(m.curves);
  if (SSL_CTX_set1_groups_list(native, curves.c_str()) != 1)
    problems.push_back({tls_part::settings, "the curves cannot be used"});
  use_certificate(c, m.certificate, m.key, "server", problems);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A cached session would keep the client's certificates for two hours. With
  // tickets the client keeps the session.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(native, max_chain_bytes);
  if (m.prefers_own_suites)
    SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  if (m.auth != client_auth::none)
    ask_for_certificates(*made, m, problems);
  if (!problems.empty())
    throw bad_tls_material(std::move(problems));
  return made;
}

} // namespace betanet::net
