#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace betanet {

/// Problems of a configuration that show only in the files it names and in the
/// libraries that will use them, one a line. Reads files, changes none, never
/// touches the network.
std::string target_problems(const config::settings& s);

struct start_check {
  std::string problems; ///< One a line; empty: none.
  std::vector<std::string> warnings;
};

/// Checks everything that a start needs: the targets, the web configuration and
/// the log file. Reads files, changes none, never touches the network.
start_check check_start(const config::settings& s);

} // namespace betanet
