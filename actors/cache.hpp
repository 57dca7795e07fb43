#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>

namespace betanet {

using cache_impl = cache_actor::extend<
    // Its own alarm: write the log line about all targets, if there are many.
    caf::reacts_to<atom::summarize>>;

/// With more targets than this the lines of every tick are written at debug
/// level, and one line a minute describes all targets.
inline constexpr std::size_t max_chatty_targets = 20;

struct cache_settings {
  metrics::detail detail = metrics::detail::full;
  metrics::build_info build;
  metrics::reload_status reload;
  /// The targets at the start, with the snapshots shown before their first
  /// collection.
  std::vector<std::pair<std::string, snapshot_ptr>> targets;
  std::function<metrics::process_stats()> read_process;
};

struct cache_state {
  explicit cache_state(cache_impl::pointer p) : self(p) {}
  cache_impl::behavior_type make_behavior();

  void drop(const std::string& target);
  void put(const std::string& target, snapshot_ptr s);
  page_ptr render(const page_query& q);
  census_ptr list() const;
  void summarize();

  cache_impl::pointer self;
  event_log log;
  std::function<metrics::process_stats()> read_process;

  std::map<std::string, snapshot_ptr> targets; ///< "" is the unnamed one.
  std::optional<metrics::exposition> pages;
  bool ready = false;
  static inline const char* name = "cache";
};

cache_impl::behavior_type cache(cache_impl::stateful_pointer<cache_state> self,
                                cache_settings settings, event_log l);

} // namespace betanet
