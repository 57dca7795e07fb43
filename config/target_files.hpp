#pragma once

#include "config/target_groups.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace betanet::config {

/// What tells whether a file has changed (stat(2)).
struct file_stamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0;
  std::int64_t modified = 0, changed = 0; ///< In ns since the Unix epoch.

  bool operator==(const file_stamp&) const = default;
};

/// One file that lists targets.
struct target_file {
  file_stamp seen;   ///< When it was last looked at.
  bool read = false; ///< Its content at `seen` was read.
  bool gone = false; ///< The latest look did not find it.
  std::shared_ptr<const target_groups> groups; ///< Null: it was never valid.
  std::string problem; ///< With its latest content; empty: none.
};

/// The files that match one pattern, as they were found by looks.
struct target_folder {
  std::map<std::string, target_file> files; ///< By path.
  std::string problem;                      ///< With the folder; empty: none.
  bool looked = false;                      ///< There was a look.
  bool changed = false; ///< The latest look has read or dropped a file.
  std::size_t readings = 0, failures = 0; ///< Of the latest look.
};

/// Looks for the files that match a pattern (glob(3), hidden files included)
/// and reads those that are new or have changed, or all. A change counts when
/// two looks in a row agree, so that no half-written or just replaced file is
/// taken for complete; the first look takes what it finds. What was last valid
/// stays while a file or its folder cannot be read. May block.
target_folder look_for_targets(const std::string& pattern, target_folder before,
                               bool all);

/// Reads a file that lists targets, by its ending. May block. Throws `invalid`
/// with one problem.
target_groups read_target_file(const std::string& path);

} // namespace betanet::config
