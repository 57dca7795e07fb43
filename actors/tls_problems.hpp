#pragma once

#include "config/http_client.hpp"
#include "net/tls.hpp"

#include <string>
#include <vector>

namespace betanet {

/// The settings from which TLS material was made.
struct tls_sources {
  const config::secret &ca, &certificate, &key;
  const config::origin& settings; ///< Of the whole block.
};

/// Adds what is wrong with TLS material, with the places of its sources. A
/// certificate or a key that is missing is left out: whoever read the sources
/// has reported it.
void add_tls_problems(const net::bad_tls_material& bad, const tls_sources& from,
                      std::vector<std::string>& problems);

} // namespace betanet
