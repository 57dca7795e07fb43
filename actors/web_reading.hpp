#pragma once

#include "config/web_config.hpp"
#include "net/tls.hpp"

#include <memory>
#include <string>

namespace betanet {

/// The result of reading the web configuration file and the files it names.
struct web_reading {
  std::string text;           ///< The text of the web configuration file.
  config::web_config written; ///< The configuration as the file contains it.
  config::web_config found; ///< `written` with the content of the named files.
  std::shared_ptr<net::tls_context> tls; ///< Null if TLS is not configured.
  /// What is wrong. The other members are valid only if this is empty.
  std::string problem;
};

/// Reads the web configuration file; may block. `last` is the latest reading
/// without a problem, or an empty one. Unchanged parts are taken from it.
web_reading read_web(const std::string& web_config_file,
                     const web_reading& last);

} // namespace betanet
