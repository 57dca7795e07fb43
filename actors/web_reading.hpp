#pragma once

#include "config/web_config.hpp"
#include "net/tls.hpp"

#include <memory>
#include <string>

namespace betanet {

/// The web configuration file and the files it names, as read at one moment.
struct web_reading {
  std::string text;           ///< Of the file itself.
  config::web_config written; ///< What the file says.
  config::web_config found;   ///< With the content of the files it names.
  std::shared_ptr<net::tls_context> tls; ///< Made of it; null: plain HTTP.
  std::string problem; ///< Empty: none, and the other members are valid.
};

/// Reads the file. May block. What has not changed is taken from `last`, the
/// latest reading without a problem, or an empty one.
web_reading read_web(const std::string& web_config_file,
                     const web_reading& last);

} // namespace betanet
