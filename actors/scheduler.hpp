#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace betanet {

using scheduler_impl = scheduler_actor::extend<
    // Scheduled message to itself: send a tick to the supervisor with this
    // number.
    caf::reacts_to<atom::tick, std::uint64_t>>;

struct scheduler_state {
  /// A supervisor that receives ticks.
  struct watched {
    supervisor_actor supervisor;
    metrics::tick_grid grid;
    std::uint64_t ticks = 0;   ///< The number of ticks sent so far.
    metrics::time_point due{}; ///< When the next tick is due.
  };

  explicit scheduler_state(scheduler_impl::pointer p) : self(p) {}
  scheduler_impl::behavior_type make_behavior();

  void watch(supervisor_actor who, const metrics::tick_grid& grid,
             bool at_once);
  watched forget(const supervisor_actor& who);

  void set_alarm(std::uint64_t number, metrics::time_point due);

  /// Sends a tick and sets the alarm for the next one after `earliest`.
  void send_tick(std::uint64_t number, metrics::time_point earliest);

  scheduler_impl::pointer self;
  std::map<std::uint64_t, watched> targets; ///< By number.
  std::map<supervisor_actor, std::uint64_t> numbers_of;
  /// The last number that was assigned. Numbers are never reused, so that the
  /// scheduled messages of a removed or replaced entry are ignored.
  std::uint64_t numbers = 0;
  static inline const char* name = "scheduler";
};

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self);

} // namespace betanet
