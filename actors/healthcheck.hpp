#pragma once

#include "config/config.hpp"

#include <string>

namespace betanet {

/// Asks the exporter that runs with this configuration how it is; empty if it
/// is well, else why not. Blocks for a few seconds at most.
std::string healthcheck(const config::invocation& what,
                        const std::string& user_agent);

} // namespace betanet
