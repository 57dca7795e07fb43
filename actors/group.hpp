#pragma once

#include "actors/fetcher.hpp"
#include "actors/log.hpp"
#include "actors/supervisor.hpp"

#include <caf/actor_system.hpp>

#include <functional>

namespace betanet {

/// What the groups of all targets depend on. Suites replace the parts.
struct group_dependencies {
  snapshot_store_actor store;
  event_log log;
  bool many_targets = false; ///< The lines of every tick are at debug level.
  std::function<transport(const config::target&, endpoint)> connect;
  std::function<metrics::wall_time()> wall_clock;
  std::function<double()> random; ///< Uniform in [-1, 1]. Any thread.
};

/// Everything that a supervisor needs to know of a target.
group_settings settings_of(const config::target& t,
                           const group_dependencies& with);

/// Spawns the supervisor of a target, which spawns the rest of its group.
supervisor_actor spawn_group(caf::actor_system& sys, const config::target& t,
                             const group_dependencies& with);

/// The snapshot that is shown before the first poll of a target has ended.
snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now);

} // namespace betanet
