#pragma once

#include "config/config.hpp"

#include <map>
#include <utility>

namespace betanet::config {

/// Whether clients need a certificate. The values are those of Go's crypto/tls.
enum class client_auth : std::uint8_t {
  none,
  request,
  require_any,
  verify_if_given,
  require_and_verify
};

/// The TLS settings of the exporter's web server.
struct tls_server_keys {
  secret cert, key, client_ca;
  config::client_auth client_auth_type = client_auth::none;
  std::vector<std::string> client_allowed_sans;
  tls_version min_version = tls_version::tls12;
  tls_version max_version = tls_version::tls13;
  /// OpenSSL's names of cipher suites, including those of TLS 1.3.
  std::vector<std::string> cipher_suites;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences; ///< OpenSSL's names of curves.
  config::origin origin{};
  bool operator==(const tls_server_keys&) const = default;
};

/// The configuration of TLS, logins, headers and rates of the exporter's web
/// server. The format is that of Prometheus's exporter-toolkit
/// (docs/web-configuration.md in its repository).
struct web_config {
  std::optional<tls_server_keys> tls; ///< Empty: plain HTTP.
  bool http2 = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string> users; ///< Bcrypt hashes by user name.
  struct rate_limit_keys {
    duration interval{0s}; ///< 0: no limit.
    int burst = 0;
    bool operator==(const rate_limit_keys&) const = default;
  } rate_limit;

  /// Descriptions of settings that are accepted but do not have the effect that
  /// users may expect.
  std::vector<std::string> warnings;

  bool operator==(const web_config&) const = default;
};

/// Reads a web configuration. `file` is the name of the file in messages. What
/// is wrong is added to `problems`, the rest is read.
web_config parse_web_config(const std::string& yaml, const std::string& file,
                            std::vector<std::string>& problems);

/// Replaces the names of files in `c` by the content of these files; a file
/// that cannot be read is added to `problems`. May block.
web_config with_files(web_config c, std::vector<std::string>& problems);

} // namespace betanet::config
