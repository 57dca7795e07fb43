#pragma once

#include "config/config.hpp"

#include <string>

namespace betanet {

/// Asks the exporter that runs with this configuration whether it is healthy.
/// Returns an empty text if it is, else the reason. Blocks for at most six
/// seconds: two requests of three seconds each.
std::string healthcheck(const config::invocation& given,
                        const std::string& user_agent);

} // namespace betanet
