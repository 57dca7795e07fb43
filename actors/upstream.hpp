#pragma once

#include "actors/fetcher.hpp"
#include "config/config.hpp"
#include "net/http_client.hpp"

#include <string>

namespace betanet {

/// Makes the transport that sends requests to one endpoint of a target.
transport connect(net::outbound& shared, const config::target& t, endpoint e,
                  const std::string& user_agent);

/// Makes the transport that gets a list of targets.
transport connect(net::outbound& shared, const config::target_server& server,
                  const std::string& user_agent);

/// Checks that the certificates and secrets of a target can be used, which
/// reads their files. Returns the TLS context of the target; null if its URL is
/// http. Throws a `config::invalid` with all problems.
std::shared_ptr<net::tls_context> check_identity(const config::target& t,
                                                 net::tls_contexts& contexts);
std::shared_ptr<net::tls_context>
check_identity(const config::target_server& server,
               net::tls_contexts& contexts);

} // namespace betanet
