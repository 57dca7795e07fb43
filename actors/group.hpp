#pragma once

#include "actors/fetcher.hpp"
#include "actors/log.hpp"
#include "actors/supervisor.hpp"

#include <caf/actor_system.hpp>

#include <functional>

namespace betanet {

/// What the groups of all targets share; the tests put their own in.
struct surroundings {
  cache_actor cache;
  event_log log;
  bool many_targets = false; ///< Each one's chatter is for debugging.
  std::function<transport(const config::target&, metrics::endpoint)> connect;
  std::function<metrics::wall_time()> wall_clock;
  std::function<double()> random; ///< Uniform in [-1, 1]; any thread.
};

/// All a supervisor needs to know of a target.
group_settings settings_of(const config::target& t, const surroundings& with);

/// Spawns the supervisor of a target, which spawns the rest of its group.
supervisor_actor spawn_group(caf::actor_system& sys, const config::target& t,
                             const surroundings& with);

/// What a target is shown as before its first poll has ended.
snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now);

} // namespace betanet
