#include "net/tls.hpp"

#include "net/tls_impl.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <stdexcept>

namespace betanet::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

int number_of(tls_version v) {
  return v == tls_version::v1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

boost::asio::const_buffer buffer(const std::string& text) {
  return boost::asio::buffer(text);
}

/// Where the verification of this connection writes what it finds.
int defect_index() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Printable ASCII; a certificate may hold anything.
std::string subject_of(X509* certificate) {
  std::array<char, 200> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(),
                    static_cast<int>(text.size()));
  return text.data();
}

int on_verified(int good, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* defect =
      static_cast<std::string*>(SSL_get_ex_data(ssl, defect_index()));
  if (!good && defect && defect->empty()) {
    *defect = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    if (auto* certificate = X509_STORE_CTX_get_current_cert(store))
      *defect += " (certificate " + subject_of(certificate) + ")";
  }
  return good;
}

std::shared_ptr<tls_context> make(const tls_material& m) {
  auto made = std::make_shared<tls_context>(
      tls_context{ssl::context{ssl::context::tls_client}, m.verify});
  auto& c = made->c;
  auto* const native = c.native_handle();
  SSL_CTX_set_min_proto_version(native, number_of(m.least));
  SSL_CTX_set_max_proto_version(native, number_of(m.most));
  error_code ec;
  const auto step = [&](const char* what, auto&& f) {
    f();
    if (ec)
      throw std::runtime_error(std::string{what} + ": " + ec.message());
  };
  if (m.ca.empty())
    step("the system's certificate authorities",
         [&] { c.set_default_verify_paths(ec); });
  else
    step("the CA certificate",
         [&] { c.add_certificate_authority(buffer(m.ca), ec); });
  if (!m.certificate.empty()) {
    step("the client certificate",
         [&] { c.use_certificate_chain(buffer(m.certificate), ec); });
    step("the client key",
         [&] { c.use_private_key(buffer(m.key), ssl::context::pem, ec); });
    if (SSL_CTX_check_private_key(native) != 1)
      throw std::runtime_error("the client key does not fit the certificate");
  }
  static constexpr std::string_view http11 = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(native,
                          reinterpret_cast<const unsigned char*>(http11.data()),
                          static_cast<unsigned>(http11.size()));
  return made;
}

} // namespace

std::shared_ptr<tls_context> tls_contexts::get(const tls_material& m) {
  const std::lock_guard lock{mutex_};
  std::erase_if(contexts_, [](const auto& c) { return c.second.expired(); });
  auto& known = contexts_[m];
  auto context = known.lock();
  if (!context)
    known = context = make(m);
  return context;
}

bool expect_host(SSL* ssl, const std::string& host, const tls_context& c,
                 std::string& defect) {
  error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (no_address && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
    return false;
  if (!c.verify) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return true;
  }
  // RFC 6125: the alternative names count, the subject is for people.
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                             X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  SSL_set_ex_data(ssl, defect_index(), &defect);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
  return no_address ? SSL_set1_host(ssl, host.c_str()) == 1
                    : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
                                                    host.c_str()) == 1;
}

} // namespace betanet::net
