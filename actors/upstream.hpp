#pragma once

#include "actors/fetcher.hpp"
#include "config/config.hpp"
#include "net/http_client.hpp"

#include <string>

namespace betanet {

/// The network way to one endpoint of a target.
transport connect(net::outbound& shared, const config::target& t,
                  metrics::endpoint e, const std::string& user_agent);

/// Whether certificates and secrets of a target are usable at this moment;
/// gives the context made of them, if any. Reads files. Throws
/// `std::runtime_error` that names the target.
std::shared_ptr<net::tls_context> check_identity(const config::target& t,
                                                 net::tls_contexts& contexts);

} // namespace betanet
