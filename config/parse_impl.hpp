#pragma once

#include "config/config.hpp"

namespace betanet::config {

/// What was read of a configuration file, and what is wrong with the rest.
struct parsed {
  config::settings settings; ///< Keys with problems have other values.
  std::vector<std::string> problems;
};

/// Like `parse_yaml`, but throws only if the file is not YAML.
parsed read_yaml(const std::string& yaml, const std::string& file,
                 const overlay& flags,
                 const std::vector<std::string>& reserved_paths);

} // namespace betanet::config
