#pragma once

#include "config/web_config.hpp"
#include "metrics/render.hpp"
#include "net/outcome.hpp"
#include "net/tls.hpp"

/// Conversions between enumerations. The directories metrics, net and config do
/// not depend on each other, so that some enumerations exist in two of them.
namespace betanet {

metrics::parse_fallback to_metrics(config::parse_fallback f);
metrics::detail to_metrics(config::metrics_detail d);
metrics::balance to_metrics(config::balance b);
metrics::reason to_metrics(net::errc e);
net::tls_version to_net(config::tls_version v);
net::client_auth to_net(config::client_auth a);

} // namespace betanet
