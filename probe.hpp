#pragma once

#include "config/config.hpp"

#include <ostream>
#include <string>

namespace betanet {

/// Polls each endpoint of each target once, the discovered ones included,
/// without retries, and prints a table of how it went, after the lists of
/// targets that cannot be read. Returns true if all was good. Blocks for the
/// largest `collection.timeout`, times the number of targets divided by 32.
bool probe(const config::settings& s, const std::string& user_agent,
           std::ostream& out);

} // namespace betanet
