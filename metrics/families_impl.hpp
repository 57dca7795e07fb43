#pragma once

#include "metrics/counters.hpp"
#include "metrics/render.hpp"
#include "metrics/samples_impl.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace betanet::metrics {

/// A target on a page: its labels, alone and with that of each endpoint.
struct target_view {
  target_view(const std::string& target, const snapshot& s);

  labels alone;
  std::array<labels, endpoint_count> with_endpoint;
  const metrics::snapshot& snapshot; ///< Must outlive the view.
};

/// What was counted for one target or, without a name, for all of them.
struct activity_view {
  activity_view(const std::string& target, activity counted);

  labels alone;
  std::array<labels, endpoint_count> with_endpoint;
  activity counts;
};

/// The heads of the families whose lines the functions below add, in the same
/// order.
const family_lines& target_heads();
const family_lines& activity_heads();
const family_lines& lookup_heads();

/// Adds Betanet's values and the state of a target at the time `now`.
void add_target(family_lines& to, const target_view& t, time_point now);

/// Adds the samples of these families that are not about a target.
void add_front(family_lines& to, const front_totals& front);

void add_activity(family_lines& to, const activity_view& t);
void add_lookups(family_lines& to, const labels& target, const lookup_counts&);

/// The input of `append_process_families`. The references must outlive the
/// call.
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

/// The families about the whole process.
void append_process_families(std::string& text, const process_view& v);

} // namespace betanet::metrics
