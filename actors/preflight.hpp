#pragma once

#include "config/config.hpp"

#include <string>

namespace betanet {

/// The problems of a configuration that show only in the files it names and
/// in the libraries that will use them, one a line. Reads files, changes none,
/// never touches the network.
std::string target_problems(const config::settings& s);

/// The same of everything a start needs.
std::string start_problems(const config::settings& s);

} // namespace betanet
