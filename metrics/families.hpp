#pragma once

#include "metrics/render.hpp"

#include <array>
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

/// What a target shows at `now`: Betanet's values and its state.
family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now);

/// What one target, or all of them together, made us do.
struct activity {
  std::array<endpoint_counters, endpoint_count> endpoints;
  restart_counters restarts;

  void operator+=(const activity& other);
};

/// "" leaves the `target` label out.
family_lines activity_lines(const std::string& target, const activity& c);
family_lines cache_lines(const std::string& target, const hit_counts& hits);

/// Families of the process as a whole, complete.
std::string process_wide(const front_totals& front,
                         const process_stats& process, const build_info& build,
                         const reload_status& reload);

} // namespace betanet::metrics
