#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace betanet::config {

/// A text of the configuration, or the file that holds it and is read anew at
/// each use.
struct secret {
  std::string text;
  std::string file;

  bool given() const { return !text.empty() || !file.empty(); }
  bool operator==(const secret&) const = default;
};

/// Its content; blanks around that of a file are cut. May block. Throws
/// `std::runtime_error` that names the file.
std::string reveal(const secret& s);

enum class tls_version : std::uint8_t { tls10, tls11, tls12, tls13 };

struct basic_login {
  secret username, password;
  bool operator==(const basic_login&) const = default;
};

struct authorization_header {
  std::string type = "Bearer";
  secret credentials;
  bool operator==(const authorization_header&) const = default;
};

struct http_header {
  std::string name;
  std::vector<std::string> values; ///< No secrets.
  std::vector<secret> secrets;
  bool operator==(const http_header&) const = default;
};

/// How a target is reached: names and rules of Prometheus's
/// `http_client_config`, as far as we have them.
struct http_client {
  std::optional<basic_login> basic_auth;
  std::optional<authorization_header> authorization;
  std::vector<http_header> http_headers;
  struct tls_keys {
    secret ca, cert, key;
    std::string server_name; ///< Empty: the URL's host.
    bool insecure_skip_verify = false;
    tls_version min_version = tls_version::tls12;
    tls_version max_version = tls_version::tls13;
    bool operator==(const tls_keys&) const = default;
  } tls_config;

  /// Every secret it holds, given or not.
  std::vector<secret*> secrets();
  bool uses_files() const;
  bool operator==(const http_client&) const = default;
};

/// The header lines that authorize a request, each ending in CRLF. May block.
/// Throws `std::runtime_error` that names the bad part, never its content.
std::string header_lines(const http_client& c);

/// Why these settings contradict each other; none if they do not. In the words
/// of Prometheus's own messages.
std::vector<std::string> contradictions(const http_client& c);

/// Names of HTTP headers are the same in any case.
bool iequals(const std::string& a, const std::string& b);

/// A header field name that is ours or the protocol's to set.
bool is_reserved_header(const std::string& name);

} // namespace betanet::config
