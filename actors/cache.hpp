#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>

namespace betanet {

using cache_impl = cache_actor::extend<
    // Delayed message to itself: write the log line about all targets, if there
    // are more than `max_chatty_targets`.
    caf::reacts_to<atom::summarize>>;

/// With more targets than this, the log lines of each collection are written at
/// debug level, and one line per minute summarizes all targets. Otherwise
/// thousands of targets would flood the log.
inline constexpr std::size_t max_chatty_targets = 1;

struct cache_settings {
  metrics::detail detail = metrics::detail::full;
  bool exporter_metrics = true; ///< See `metrics::exposition`.
  metrics::build_info build;
  metrics::reload_status reload;
  std::optional<metrics::shard_place> shard;
  /// The targets at the start of the process, with the snapshots that are shown
  /// until their first poll has ended.
  std::vector<std::pair<std::string, snapshot_ptr>> targets;
  std::function<metrics::process_stats()> read_process;
};

struct cache_state {
  explicit cache_state(cache_impl::pointer p) : self(p) {}
  cache_impl::behavior_type make_behavior();

  void put(const std::string& target, snapshot_ptr s);
  page_ptr render(const page_query& q);
  census_ptr list() const;
  void update_readiness();
  void summarize();

  cache_impl::pointer self;
  event_log log;
  std::function<metrics::process_stats()> read_process;

  std::map<std::string, snapshot_ptr> targets; ///< By name; "" is the unnamed.
  std::optional<metrics::exposition> pages;
  /// Every target had finished its first collection at some moment. Once set,
  /// it stays.
  bool ready = false;
  bool discovered = true; ///< See `metrics::reload_status`.
  static inline const char* name = "cache";
};

cache_impl::behavior_type cache(cache_impl::stateful_pointer<cache_state> self,
                                cache_settings settings, event_log l);

} // namespace betanet
