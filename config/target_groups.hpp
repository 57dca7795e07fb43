#pragma once

#include <map>
#include <string>
#include <vector>

namespace betanet::config {

/// Targets with common labels, as Prometheus's file_sd and http_sd list them.
struct target_group {
  std::vector<std::string> targets; ///< Each as it was written, not checked.
  std::map<std::string, std::string> labels;

  bool operator==(const target_group&) const = default;
};

using target_groups = std::vector<target_group>;

/// Parses a list of groups in JSON. It accepts and refuses what Prometheus 2.42
/// does (discovery/targetgroup in its sources, and Go's encoding/json): names
/// of fields in upper or lower case, the last of two equal fields, null for a
/// missing list or text; no unknown fields and no null group. At most 32
/// levels. `place` begins messages, as in `FILE:LINE:COLUMN: what`. Throws
/// `invalid` with one problem.
target_groups parse_json_groups(const std::string& text,
                                const std::string& place);

/// Parses a list of groups in YAML, by the rules of Prometheus 2.42 and of
/// gopkg.in/yaml.v2: the first document only, no duplicate or unknown fields,
/// merge keys. At most 32 levels and 10^6 nodes. Throws `invalid` with one
/// problem.
target_groups parse_yaml_groups(const std::string& text,
                                const std::string& place);

} // namespace betanet::config
