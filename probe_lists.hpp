#pragma once

#include "config/discovered.hpp"

#include <string>
#include <vector>

namespace betanet {

/// What the sources of targets list at this moment.
struct found_lists {
  std::vector<config::target_list> lists;
  std::vector<std::string> problems; ///< One for each list that is not read.
};

/// Reads the files that list targets. May block.
found_lists read_target_files(const config::settings& s);

/// Reads the files that list targets and asks the servers once. Blocks for the
/// largest `refresh_interval` at most, unless a file blocks.
found_lists read_target_lists(const config::settings& s,
                              const std::string& user_agent);

} // namespace betanet
