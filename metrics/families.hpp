#pragma once

#include "metrics/render.hpp"

#include <array>
#include <string>
#include <vector>

namespace betanet::metrics {

/// The sample lines of some families, without HELP and TYPE, one string each,
/// in the order of the heads.
using family_lines = std::vector<std::string>;

/// HELP and TYPE lines, by family: first those whose lines come from
/// `target_lines`, then those of `counter_lines`.
const family_lines& target_heads();
const family_lines& counter_heads();

/// What a target shows at `now`: Betanet's values and its state.
family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now);

/// The summable part of one target, or of all of them.
struct counters {
  std::array<endpoint_counters, endpoint_count> endpoints;
  restart_counters restarts;
  std::array<std::uint64_t, 3> hits{};

  void operator+=(const counters& other);
};

/// "" leaves the `target` label out.
family_lines counter_lines(const std::string& target, const counters& c);

/// Families of the process as a whole, complete.
std::string process_wide(const front_totals& front,
                         const process_stats& process, const build_info& build,
                         const reload_status& reload);

} // namespace betanet::metrics
