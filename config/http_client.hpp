#pragma once

#include "config/origin.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace betanet::config {

/// A secret: either its text or the file that contains it, which is read at
/// each use.
struct secret {
  std::string text;
  std::string file;
  config::origin origin{};

  bool given() const { return !text.empty() || !file.empty(); }
  bool operator==(const secret&) const = default;
};

/// The text of a secret. White space at the beginning and the end of a file is
/// removed. Reads the file and may block. Throws a `std::runtime_error` that
/// names the file.
std::string reveal(const secret& s);

/// Replaces the files of these secrets by their texts. One that cannot be read
/// becomes empty, and its origin and the reason are added to `problems`. Reads
/// the files and may block.
void reveal_all(const std::vector<secret*>& secrets,
                std::vector<std::string>& problems);

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
  std::vector<std::string> values; ///< Values that are not secret.
  std::vector<secret> secrets;
  bool operator==(const http_header&) const = default;
};

/// How requests to a target are authorized and secured. The names and rules are
/// those of Prometheus's `http_client_config`.
struct http_client {
  std::optional<basic_login> basic_auth;
  std::optional<authorization_header> authorization;
  std::vector<http_header> http_headers;
  struct tls_keys {
    secret ca, cert, key;
    std::string server_name; ///< Empty: the host of the URL.
    bool insecure_skip_verify = false;
    tls_version min_version = tls_version::tls12;
    tls_version max_version = tls_version::tls13;
    bool operator==(const tls_keys&) const = default;
  } tls_config;

  config::origin origin{}; ///< Of the whole block.

  /// Pointers to all secrets of this object, also to those not given.
  std::vector<secret*> secrets();
  std::vector<const secret*> secrets() const;

  /// Whether any secret is read from a file.
  bool uses_files() const;
  bool operator==(const http_client&) const = default;
};

/// The header lines that are added to each request, each ending in CRLF. May
/// block. Throws a `std::runtime_error` that names the faulty header or file
/// but does not show its content.
std::string header_lines(const http_client& c);

/// The contradictions between these settings, in the words of Prometheus's own
/// messages; empty if there are none.
std::vector<std::string> contradictions(const http_client& c);

/// Whether two names of HTTP headers are equal; upper and lower case letters do
/// not differ.
bool iequals(const std::string& a, const std::string& b);

/// Whether a header field is set by this program or by the HTTP protocol, so
/// that a configuration must not set it.
bool is_reserved_header(const std::string& name);

} // namespace betanet::config
