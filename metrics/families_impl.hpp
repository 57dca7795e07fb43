#pragma once

#include "metrics/counters.hpp"
#include "metrics/render.hpp"
#include "metrics/samples_impl.hpp"

#include <array>
#include <cstddef>
#include <span>
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

/// What was counted for one target or, without a label, for all of them.
struct activity_view {
  explicit activity_view(const std::string& target, activity counted);

  labels alone;
  std::array<labels, endpoint_count> with_endpoint;
  activity counts;
};

/// The lookups of one target or, without a label, of all of them.
struct lookup_view {
  labels alone;
  lookup_counts counts;
};

/// Each of these functions appends families to a text, with their HELP and TYPE
/// lines and the samples of all targets. A family without samples is left out.
/// Not thread-safe.

/// Betanet's values and the state of the targets at the time `now`; and the
/// samples of these families that are not about a target, unless `front` is
/// null.
void append_target_families(std::string& text,
                            std::span<const target_view> targets,
                            time_point now, const front_totals* front);

void append_activity_families(std::string& text,
                              std::span<const activity_view> targets);
void append_cache_families(std::string& text,
                           std::span<const lookup_view> targets);

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
