#pragma once

#include "config/config.hpp"
#include "metrics/types.hpp"
#include "net/outcome.hpp"

#include <string>
#include <vector>

namespace betanet {

/// The result of one poll of `--probe`.
struct probe_finding {
  const config::target* target; ///< Must outlive this.
  betanet::endpoint endpoint;
  net::outcome outcome;
  metrics::poll poll; ///< What the outcome is worth.
};

/// A table for people: a row for each poll, below it its fields and what is
/// wrong, and a last line that counts the good polls.
std::string probe_table(const std::vector<probe_finding>& found);

} // namespace betanet
