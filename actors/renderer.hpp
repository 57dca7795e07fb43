#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>

namespace betanet {

struct renderer_settings {
  metrics::detail detail = metrics::detail::full;
  bool exporter_metrics = true; ///< See `metrics::exposition`.
  metrics::build_info build;
  metrics::reload_status reload;
  std::optional<metrics::shard_place> shard;
  std::function<metrics::process_stats()> read_process;
};

struct renderer_state {
  explicit renderer_state(renderer_actor::pointer p) : self(p) {}
  renderer_actor::behavior_type make_behavior();

  page_ptr render(const page_query& q);

  renderer_actor::pointer self;
  event_log log;
  std::function<metrics::process_stats()> read_process;
  std::optional<metrics::exposition> pages; ///< Never empty.
  static inline const char* name = "renderer";
};

renderer_actor::behavior_type
renderer(renderer_actor::stateful_pointer<renderer_state> self,
         renderer_settings settings, event_log l);

} // namespace betanet
