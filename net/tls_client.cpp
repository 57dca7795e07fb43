#include "net/tls_context_impl.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>

namespace betanet::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// Index in OpenSSL's extra data of a connection: its `server_chain`.
int chain_index() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// In printable ASCII: OpenSSL escapes other bytes.
std::string subject_of(X509* certificate) {
  std::array<char, 200> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(),
                    static_cast<int>(text.size()));
  return text.data();
}

/// Called by OpenSSL for each certificate of a server's chain.
int on_server_certificate(int good, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* found = static_cast<server_chain*>(SSL_get_ex_data(ssl, chain_index()));
  if (!good && found && found->defect.empty()) {
    found->defect =
        X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    if (auto* certificate = X509_STORE_CTX_get_current_cert(store))
      found->defect += " (certificate " + subject_of(certificate) + ")";
  }
  return good;
}

std::shared_ptr<tls_context> make_client_context(const tls_material& m) {
  auto made = std::make_shared<tls_context>(
      tls_context{ssl::context{ssl::context::tls_client}, m.verify, {}});
  auto& c = made->c;
  limit_versions(c, m.least, m.most);
  std::vector<tls_problem> problems;
  trust_authorities(c, m.ca, problems);
  if (!m.certificate.empty() || !m.key.empty())
    use_certificate(c, m.certificate, m.key, "client", problems);
  if (!problems.empty())
    throw bad_tls_material(std::move(problems));
  SSL_CTX_set_alpn_protos(c.native_handle(), bytes(http11),
                          static_cast<unsigned>(http11.size()));
  return made;
}

} // namespace

std::shared_ptr<tls_context> tls_contexts::get(const tls_material& m) {
  const std::lock_guard lock{mutex_};
  std::erase_if(contexts_, [](const auto& c) { return c.second.expired(); });
  auto& entry = contexts_[m];
  auto context = entry.lock();
  if (!context)
    entry = context = make_client_context(m);
  return context;
}

bool expect_host(SSL* ssl, std::string host, const tls_context& c,
                 server_chain& found) {
  if (host.ends_with('.')) // no part of the name here (RFC 6066, 3)
    host.pop_back();
  error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (no_address && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
    return false;
  if (!c.verify) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return true;
  }
  // Only the alternative names count, not the subject (RFC 6125, 6.4.4).
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                             X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  SSL_set_ex_data(ssl, chain_index(), &found);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, on_server_certificate);
  return no_address ? SSL_set1_host(ssl, host.c_str()) == 1
                    : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
                                                    host.c_str()) == 1;
}

std::optional<std::chrono::sys_seconds> expiry_of(SSL* ssl) {
  return expiry_of(SSL_get_peer_cert_chain(ssl)); // of a refused one, too
}

} // namespace betanet::net
