#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace betanet::net {

enum class tls_version : std::uint8_t { v1_2, v1_3 };

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

struct tls_context; ///< For net/ only.

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
