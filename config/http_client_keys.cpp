#include "config/key_kinds_impl.hpp"

namespace betanet::config {

namespace {

/// When a file with a secret is read, for the help text.
constexpr auto each_use = "read at each use";

/// Checks `tls_config.server_name`. OpenSSL would match any subdomain of a name
/// with a leading dot, and would end the name at a NUL character.
std::string parse_server_name(const std::string& text) {
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"-._:"}.find(c) != std::string::npos;
  });
  if (!good || text.starts_with('.'))
    throw std::invalid_argument("not a host name or an address");
  return text;
}

} // namespace

const std::vector<key<http_client>>& http_client_keys() {
  static const auto all = [] {
    static const words<tls_version> versions{{"TLS12", tls_version::tls12},
                                             {"TLS13", tls_version::tls13}};
    std::vector<key<http_client>> keys;
    add_secret(
        keys, "basic_auth.username", "User name of HTTP basic auth",
        [](auto& c) -> auto& { return c.basic_auth->username; }, each_use);
    add_secret(
        keys, "basic_auth.password", "Password of HTTP basic auth",
        [](auto& c) -> auto& { return c.basic_auth->password; }, each_use);
    keys.push_back(
        {"authorization.type",
         "Scheme of the Authorization header.",
         false,
         [](http_client& c, const std::string& s) {
           try {
             c.authorization->type = parse_token(s);
           } catch (const std::invalid_argument&) { // hides the text, which
                                                    // may be a credential
             throw std::invalid_argument("not a scheme such as Bearer");
           }
         },
         {},
         [](const http_client& c) { return c.authorization->type; }});
    add_secret(
        keys, "authorization.credentials",
        "Credentials of the Authorization header",
        [](auto& c) -> auto& { return c.authorization->credentials; },
        each_use);
    add_secret(
        keys, "tls_config.ca",
        "CA certificates for the verification of the server's certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.ca; }, each_use);
    add_secret(
        keys, "tls_config.cert", "Client certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.cert; }, each_use);
    add_secret(
        keys, "tls_config.key", "Private key of the client certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.key; }, each_use);
    keys.push_back(
        {"tls_config.server_name",
         "Name that the server's certificate must contain, if it is not the "
         "URL's host.",
         false,
         [](http_client& c, const std::string& s) {
           c.tls_config.server_name = parse_server_name(s);
         },
         {},
         [](const http_client& c) { return c.tls_config.server_name; }});
    keys.push_back(word_key<http_client>(
        "tls_config.insecure_skip_verify",
        "Do not verify the server's certificate. An attacker on the network "
        "can then read the credentials.",
        truth,
        [](auto& c) -> auto& { return c.tls_config.insecure_skip_verify; }));
    keys.push_back(word_key<http_client>(
        "tls_config.min_version", "Lowest TLS version: TLS12 or TLS13.",
        versions, [](auto& c) -> auto& { return c.tls_config.min_version; }));
    keys.push_back(word_key<http_client>(
        "tls_config.max_version", "Highest TLS version: TLS12 or TLS13.",
        versions, [](auto& c) -> auto& { return c.tls_config.max_version; }));
    return keys;
  }();
  return all;
}

} // namespace betanet::config
