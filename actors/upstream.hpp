#pragma once

#include "actors/fetcher.hpp"
#include "config/config.hpp"
#include "net/http_client.hpp"

#include <string>

namespace betanet {

/// The way over the network to one endpoint of a target.
transport connect(net::outbound& shared, const config::target& t, endpoint e,
                  const std::string& user_agent);

/// Checks that the certificates and secrets of a target are usable at this
/// moment. Returns the TLS context made of them, null without TLS. Reads files.
/// Throws `std::runtime_error` that names the target.
std::shared_ptr<net::tls_context> check_identity(const config::target& t,
                                                 net::tls_contexts& contexts);

} // namespace betanet
