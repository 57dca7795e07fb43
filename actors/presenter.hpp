#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace betanet {

struct presenter_settings {
  std::string telemetry_path = "/metrics";
  std::string version;
  pages::location reached_at; ///< For the service discovery.
  std::function<metrics::wall_time()> wall_clock =
      std::chrono::system_clock::now;
};

struct presenter_state {
  explicit presenter_state(presenter_actor::pointer p) : self(p) {}
  presenter_actor::behavior_type make_behavior();

  /// The answer to a request, made from the snapshots.
  reply_ptr present(const census_query& q, const metrics::census& all) const;

  presenter_actor::pointer self;
  presenter_settings settings;
  page_source_actor cache;
  metrics::time_point started{};
  static inline const char* name = "presenter";
};

presenter_actor::behavior_type
presenter(presenter_actor::stateful_pointer<presenter_state> self,
          presenter_settings settings, page_source_actor cache);

} // namespace betanet
