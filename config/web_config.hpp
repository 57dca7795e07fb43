#pragma once

#include "config/config.hpp"

#include <map>
#include <utility>

namespace betanet::config {

/// The words of Go's crypto/tls.
enum class client_auth : std::uint8_t {
  none,
  request,
  require_any,
  verify_if_given,
  require_and_verify
};

/// How the exporter's own listener speaks TLS.
struct tls_server_keys {
  secret cert, key, client_ca;
  config::client_auth client_auth_type = client_auth::none;
  std::vector<std::string> client_allowed_sans;
  tls_version min_version = tls_version::tls12;
  tls_version max_version = tls_version::tls13;
  /// As OpenSSL calls them, those of TLS 1.3 too.
  std::vector<std::string> cipher_suites;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences; ///< As OpenSSL calls them.
  bool operator==(const tls_server_keys&) const = default;
};

/// What guards the exporter's own listener: the format and meaning of
/// Prometheus's exporter-toolkit, `docs/web-configuration.md` there.
struct web_config {
  std::optional<tls_server_keys> tls; ///< Empty: plain HTTP.
  bool http2 = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string> users; ///< Name and bcrypt hash.
  struct rate_limit_keys {
    duration interval{0s}; ///< 0: no limit.
    int burst = 0;
    bool operator==(const rate_limit_keys&) const = default;
  } rate_limit;

  /// What is accepted but not as its author may think, one a line.
  std::vector<std::string> warnings;

  bool operator==(const web_config&) const = default;
};

/// `file` is what messages call it. Throws `invalid`.
web_config parse_web_config(const std::string& yaml, const std::string& file);

/// The same with the content of the files it names in the place of their
/// names. May block. Throws `std::runtime_error` that names the file.
web_config with_files(web_config c);

} // namespace betanet::config
