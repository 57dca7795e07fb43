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
  std::string target; ///< Empty for the unnamed one.
  snapshot_store_actor store;
  event_log log;
  bool quiet = false; ///< As in `display_rules`.

  std::optional<metrics::snapshot> latest; ///< Set before the first message.
  /// Whether the warning of the present outage was written.
  std::array<bool, endpoint_count> warned{};
  static inline const char* name = "aggregator";
};

/// Starts from the cache's snapshot of the target and dies if it gets none.
aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, snapshot_store_actor store, event_log l,
           bool quiet);

} // namespace betanet
