#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace betanet {

/// What a reload has changed, by the names of targets and keys.
struct reload_changes {
  std::vector<std::string> added, removed, changed;
  std::vector<std::string> waiting; ///< Keys whose change needs a restart.

  bool empty() const {
    return added.empty() && removed.empty() && changed.empty() &&
           waiting.empty();
  }
};

/// The name of a target; its URL if it has none.
std::string label_of(const config::target& t);

/// The names in one line, ten at most: `a, b and 3 more`.
std::string list_names(const std::vector<std::string>& names);

/// The answer to the request for a reload that succeeded.
std::string describe(const reload_changes& c, std::size_t targets);

} // namespace betanet
