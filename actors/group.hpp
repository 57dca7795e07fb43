#pragma once

#include "actors/fetcher.hpp"
#include "actors/log.hpp"
#include "actors/supervisor.hpp"
#include "net/loop.hpp"

#include <caf/actor_system.hpp>

#include <functional>

namespace betanet {

/// The dependencies that the groups of all targets share. Tests replace them.
struct group_dependencies {
  /// The actors run on the thread of this loop; null: on CAF's workers.
  net::loop* loop = nullptr;
  snapshot_store_actor store;
  journal_actor journal;
  event_log log;
  /// The log lines of each collection are written at debug level.
  bool many_targets = false;
  std::function<transport(const config::target&, endpoint)> connect;
  std::function<metrics::wall_time()> wall_clock;
  /// Gives random numbers from [-1, 1]. May be called from any thread.
  std::function<double()> random;
};

/// Fetchers that are spawned later need the target, too.
using target_ptr = std::shared_ptr<const config::target>;

/// Makes the settings of the supervisor of a target.
group_settings settings_of(const target_ptr& t, const group_dependencies& with);

/// Spawns the supervisor of a target, which spawns the rest of its group at the
/// first tick: thousands of groups that start at once would hold up the thread
/// on which they run.
supervisor_actor spawn_group(caf::actor_system& sys, const target_ptr& t,
                             const group_dependencies& with);

/// The snapshot that is shown until the first poll of a target has ended.
snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now);

} // namespace betanet
