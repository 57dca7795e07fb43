#pragma once

#include "config/config.hpp"

#include <string>

namespace betanet {

/// Asks the exporter that runs with this configuration whether it is healthy.
/// Returns "" if it is, else the reason. Blocks for six seconds at most.
std::string healthcheck(const config::invocation& given,
                        const std::string& user_agent);

} // namespace betanet
