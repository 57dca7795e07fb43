#pragma once

#include "config/keys_impl.hpp"
#include "config/web_config.hpp"

namespace betanet::config {

/// The keys of the web configuration, except headers and users, whose keys are
/// arbitrary names.
const std::vector<key<web_config>>& web_config_keys();

/// Parses a boolean of YAML 1.1, the version that the exporter-toolkit reads.
bool parse_truth(const std::string& text);

} // namespace betanet::config
