#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace betanet {

using scheduler_impl = scheduler_actor::extend<
    // Scheduled message to itself: send the ticks that are due.
    caf::reacts_to<atom::tick>>;

struct scheduler_state {
  /// A supervisor that receives ticks.
  struct watched {
    metrics::tick_grid grid;
    std::uint64_t ticks = 0;   ///< The number of ticks sent so far.
    metrics::time_point due{}; ///< When the next tick is due.
  };

  explicit scheduler_state(scheduler_impl::pointer p) : self(p) {}
  scheduler_impl::behavior_type make_behavior();

  void watch(const supervisor_actor& who, const metrics::tick_grid& grid,
             bool at_once);
  watched forget(const supervisor_actor& who);

  void set_due(const supervisor_actor& who, metrics::time_point due);
  void set_alarm();
  void send_due_ticks();

  /// Sends a tick and plans the next one after `earliest`.
  void send_tick(const supervisor_actor& who, metrics::time_point earliest);

  scheduler_impl::pointer self;
  std::map<supervisor_actor, watched> targets;
  /// When the next tick of each supervisor is due, the earliest one first.
  std::set<std::pair<metrics::time_point, supervisor_actor>> agenda;
  /// When the earliest scheduled message arrives. One serves for all ticks of
  /// an instant: each message wakes the thread of CAF's clock and this one's.
  std::optional<metrics::time_point> alarm;
  static inline const char* name = "scheduler";
};

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self);

} // namespace betanet
