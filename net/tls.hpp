#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace betanet::net {

enum class tls_version : std::uint8_t { v1_0, v1_1, v1_2, v1_3 };

/// The certificates and settings of a client. Texts are in PEM.
struct tls_material {
  std::string ca;               ///< Trusted authorities; empty: the system's.
  std::string certificate, key; ///< The client's own; empty: none.
  bool verify = true;           ///< Verify the server's chain and name.
  tls_version least = tls_version::v1_2;
  tls_version most = tls_version::v1_3;

  // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm about the <=>
  auto operator<=>(const tls_material&) const = default;
};

/// Whether a server asks its clients for a certificate. The names are those of
/// Go's crypto/tls (ClientAuthType).
enum class client_auth : std::uint8_t {
  none,
  request,            ///< Asked for, may be absent, not verified.
  require_any,        ///< Must be there, not verified.
  verify_if_given,    ///< May be absent, verified.
  require_and_verify, ///< Must be there, verified.
};

/// The certificates and settings of a server. Texts are in PEM.
struct tls_server_material {
  std::string certificate, key;
  client_auth auth = client_auth::none;
  /// Authorities trusted to sign client certificates; empty: the system's.
  std::string client_ca;
  /// A client's certificate must have one of these as a subject alternative
  /// name: host names, mail addresses, IP addresses, URIs. Empty: no condition.
  std::vector<std::string> client_sans;
  tls_version least = tls_version::v1_2;
  tls_version most = tls_version::v1_3;
  /// For TLS 1.2 and before, in order of preference, in OpenSSL's spelling;
  /// empty: Go's defaults. Those of TLS 1.3 cannot be chosen, as in Go.
  std::vector<std::string> cipher_suites;
  bool prefers_own_suites = true; ///< Over the client's order.
  /// In OpenSSL's spelling; empty: Go's defaults.
  std::vector<std::string> curves;

  bool operator==(const tls_server_material&) const = default;
};

/// The parts of the material, for what is wrong with it. Settings are versions,
/// cipher suites and curves.
enum class tls_part : std::uint8_t { authorities, certificate, key, settings };

struct tls_problem {
  tls_part part;
  std::string text; ///< Names the part, never shows its content.
};

/// The exception for material that cannot be used, with what is wrong with each
/// of its parts.
class bad_tls_material : public std::runtime_error {
public:
  explicit bad_tls_material(std::vector<tls_problem> found);
  const std::vector<tls_problem> problems;
};

struct tls_context; ///< For net/ only.

/// Makes the context of a server. Throws `bad_tls_material`. Any thread.
std::shared_ptr<tls_context> serve_tls(const tls_server_material& m);

/// Contexts of clients by their material. Thousands of clients share a few
/// contexts: each holds the list of authorities.
/// Any thread.
class tls_contexts {
public:
  /// Throws `bad_tls_material`.
  std::shared_ptr<tls_context> get(const tls_material& m);

private:
  std::mutex mutex_; ///< Guards the map.
  std::map<tls_material, std::weak_ptr<tls_context>> contexts_;
};

} // namespace betanet::net
