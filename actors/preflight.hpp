#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace betanet {

/// The problems of a configuration that show only in the files it names and
/// in the libraries that will use them, one a line. Reads files, changes none,
/// never touches the network.
std::string target_problems(const config::settings& s);

struct start_check {
  std::string problems; ///< As above.
  std::vector<std::string> warnings;
};

/// The same of everything a start needs.
start_check check_start(const config::settings& s);

} // namespace betanet
