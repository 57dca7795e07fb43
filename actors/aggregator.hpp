#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace betanet {

struct aggregator_state {
  explicit aggregator_state(aggregator_actor::pointer p) : self(p) {}
  aggregator_actor::behavior_type make_behavior();

  void apply(const update& u);
  void apply_rules(const display_rules& r);
  void warn_if_stale(endpoint e, const metrics::poll& p);
  void log_values() const;

  aggregator_actor::pointer self;
  std::string target; ///< The target's name; empty for the unnamed target.
  snapshot_store_actor store;
  event_log log;
  bool quiet = false; ///< See `display_rules::quiet`.

  /// Set before the first update is handled.
  std::optional<metrics::snapshot> latest;
  /// Whether the present outage was already reported with the warning that
  /// stale values are shown.
  std::array<bool, endpoint_count> warned{};
  static inline const char* name = "aggregator";
};

/// The behaviour of an aggregator. It starts with the cache's snapshot of the
/// target and terminates if the cache does not answer.
aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, snapshot_store_actor store, event_log l,
           bool quiet);

} // namespace betanet
