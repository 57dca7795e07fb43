#pragma once

#include "config/config.hpp"
#include "config/target_groups.hpp"

namespace betanet::config {

/// What one source lists: a file or a server.
struct target_list {
  std::string source; ///< The name of the file or the URL, for messages.
  target_groups groups;

  bool operator==(const target_list&) const = default;
};

/// All targets that this process polls, and what is wrong with others.
struct merged_targets {
  std::vector<target> targets;
  /// One line for each target that was left out; of many, the first ten.
  std::vector<std::string> warnings;
};

/// Adds the discovered targets to the configured ones. An address `host:port`
/// stands for `http://host:port`. The name is the label `name`, else the host
/// and the port. A target that is configured or listed before, by its URL or
/// its name, is left out, and so is one without a valid URL or name. Of the
/// rest, those that another shard owns are left out without a warning.
merged_targets merge_targets(const settings& s,
                             const std::vector<target_list>& lists);

/// Whether `s` is 1 to 200 characters of UTF-8 without control characters, as
/// the name of a target must be.
bool is_target_name(const std::string& s);

} // namespace betanet::config
