#pragma once

#include "metrics/counters.hpp"
#include "metrics/render.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace betanet::metrics {

/// Sample lines of metric families, without HELP and TYPE lines: one string for
/// each family, in the order of the corresponding `..._heads()`.
using family_lines = std::vector<std::string>;

/// HELP and TYPE lines of the families whose samples `target_lines`,
/// `activity_lines` and `cache_lines` give.
const family_lines& target_heads();
const family_lines& activity_heads();
const family_lines& cache_heads();

/// Betanet's values and the state of a target at the time `now`.
family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now);

/// The samples of these families that are not about a target.
family_lines process_lines(const front_totals& front);

/// The counters of one target, or their sums over all targets. The samples have
/// no `target` label if `target` is empty.
family_lines activity_lines(const std::string& target, const activity& a);
family_lines cache_lines(const std::string& target,
                         const lookup_counts& lookups);

/// The input of `process_wide`. The references must outlive the call.
struct process_view {
  const front_totals& front;
  const process_stats& process;
  const build_info& build;
  const reload_status& reload;
  const std::vector<source_count>& sources;
  const std::optional<shard_place>& shard;
  std::size_t targets = 0;
  bool exporter_metrics = true; ///< See `exposition`.
};

/// The families about the whole process, with their HELP and TYPE lines.
std::string process_wide(const process_view& v);

} // namespace betanet::metrics
