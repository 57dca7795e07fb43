#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace betanet::net {

enum class tls_version : std::uint8_t { v1_0, v1_1, v1_2, v1_3 };

/// What a client secures its connections with; texts in PEM.
struct tls_material {
  std::string ca;               ///< Empty: the system's.
  std::string certificate, key; ///< Our own; empty: none.
  bool verify = true;           ///< Chain and host name of the server.
  tls_version least = tls_version::v1_2;
  tls_version most = tls_version::v1_3;

  // NOLINTNEXTLINE(modernize-use-nullptr): it takes the <=> for a 0
  auto operator<=>(const tls_material&) const = default;
};

/// What a server asks its clients for; the words of Go's crypto/tls.
enum class client_auth : std::uint8_t {
  none,
  request,            ///< Whatever it is, if there is one.
  require_any,        ///< Whatever it is.
  verify_if_given,    ///< A good one, if there is one.
  require_and_verify, ///< A good one.
};

/// What a server secures its connections with; texts in PEM.
struct tls_server_material {
  std::string certificate, key;
  client_auth auth = client_auth::none;
  std::string client_ca; ///< Who vouches for clients; empty: the system's.
  /// A client's certificate must carry one of these: names of hosts, mail
  /// addresses, IP addresses, URIs. Empty: any will do.
  std::vector<std::string> client_sans;
  tls_version least = tls_version::v1_2;
  tls_version most = tls_version::v1_3;
  /// For TLS 1.2 and before, best first, as OpenSSL calls them; empty: Go's.
  /// Those of 1.3 are all good and cannot be chosen, as in Go.
  std::vector<std::string> cipher_suites;
  bool prefers_own_suites = true;  ///< Its order counts, not the client's.
  std::vector<std::string> curves; ///< As OpenSSL calls them; empty: Go's.

  bool operator==(const tls_server_material&) const = default;
};

struct tls_context; ///< For net/ only.

/// Throws `std::runtime_error` that names the bad part, never its content.
std::shared_ptr<tls_context> serve_tls(const tls_server_material& m);

/// Contexts by their material: thousands of clients share a few, and with
/// them the system's list of authorities. Any thread.
class tls_contexts {
public:
  /// Throws `std::runtime_error` that names the bad part, never its content.
  std::shared_ptr<tls_context> get(const tls_material& m);

private:
  std::mutex mutex_; ///< Guards the map.
  std::map<tls_material, std::weak_ptr<tls_context>> contexts_;
};

} // namespace betanet::net
