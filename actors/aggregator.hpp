#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace betanet {

struct aggregator_state {
  explicit aggregator_state(aggregator_actor::pointer p) : self(p) {}
  aggregator_actor::behavior_type make_behavior();

  void apply(const update& u);
  bool shows_old_value(endpoint e) const;

  aggregator_actor::pointer self;
  std::string target; ///< The target's name; empty for the unnamed target.
  snapshot_store_actor store;
  journal_actor journal;

  snapshot_ptr latest; ///< Set before the first update is handled.
  static inline const char* name = "aggregator";
};

/// The behaviour of an aggregator. It starts with the cache's snapshot of the
/// target and terminates if the cache does not answer.
aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, snapshot_store_actor store,
           journal_actor journal);

} // namespace betanet
