#pragma once

#include <string>

namespace betanet::config {

/// Where a setting was made, for messages: `f.yml:3:7: log.file`, `--log.file`
/// or the name of an environment variable. Settings that differ only in their
/// origin are equal.
struct origin {
  std::string text;

  bool operator==(const origin&) const { return true; }
};

} // namespace betanet::config
