#pragma once

#include "actors/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace betanet::counts {

struct system_config : caf::actor_system_config {
  system_config() {
    add_message_types<caf::id_block::betanet>();
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

/// An actor system whose actors run when `run` is called, one after the other,
/// and whose clock stands still.
struct deterministic_system {
  system_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());

  void run() { scheduler.run(); }
};

} // namespace betanet::counts
