#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <vector>

namespace betanet {

using scheduler_impl = scheduler_actor::extend<
    // Its own alarm: the watched supervisor of this index is due.
    caf::reacts_to<atom::tick, std::uint64_t>>;

struct scheduler_state {
  struct watched {
    supervisor_actor supervisor;
    metrics::tick_grid grid;
    std::uint64_t ticks = 0; ///< Sent so far.
  };

  explicit scheduler_state(scheduler_impl::pointer p) : self(p) {}
  scheduler_impl::behavior_type make_behavior();

  /// Sends a tick and sets the alarm for the next one after `earliest`.
  void send_tick(std::uint64_t index, metrics::time_point earliest);

  scheduler_impl::pointer self;
  std::vector<watched> targets;
  static inline const char* name = "scheduler";
};

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self);

} // namespace betanet
