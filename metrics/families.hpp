#pragma once

#include "metrics/counters.hpp"
#include "metrics/render.hpp"

#include <string>
#include <vector>

namespace betanet::metrics {

/// The sample lines of some families, without HELP and TYPE, one string each,
/// in the order of the heads.
using family_lines = std::vector<std::string>;

/// HELP and TYPE lines of the families that the functions below give lines of.
const family_lines& target_heads();
const family_lines& activity_heads();
const family_lines& cache_heads();

/// What a target shows at `now`: Betanet's values and the target's state.
family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now);

/// What one target, or all of them together, made the exporter do. An empty
/// name leaves the `target` label out.
family_lines activity_lines(const std::string& target, const activity& a);
family_lines cache_lines(const std::string& target,
                         const lookup_counts& lookups);

/// What the families of the process as a whole are made of.
struct process_view {
  const front_totals& front;
  const process_stats& process;
  const build_info& build;
  const reload_status& reload;
};

/// Those families, complete with HELP and TYPE.
std::string process_wide(const process_view& v);

} // namespace betanet::metrics
