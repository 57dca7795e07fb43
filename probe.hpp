#pragma once

#include "config/config.hpp"

#include <ostream>
#include <string>

namespace betanet {

/// Polls each endpoint of each target once, without retries, and prints a table
/// of how it went. Returns true if all polls were good. Blocks for the largest
/// `collection.timeout`, times the number of targets divided by 32.
bool probe(const config::settings& s, const std::string& user_agent,
           std::ostream& out);

} // namespace betanet
