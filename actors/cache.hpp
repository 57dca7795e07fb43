#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

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
  /// The targets at the start of the process, with the snapshots that are shown
  /// until their first poll has ended.
  std::vector<std::pair<std::string, snapshot_ptr>> targets;
  bool discovered = true; ///< See `metrics::reload_status`.
};

struct cache_state {
  struct entry {
    snapshot_ptr latest;
    bool shown = false; ///< The renderer has it.
  };
  using entries = std::map<std::string, entry>;

  explicit cache_state(cache_impl::pointer p) : self(p) {}
  cache_impl::behavior_type make_behavior();

  void add(const std::string& target, snapshot_ptr s);
  void put(const std::string& target, snapshot_ptr s);
  void replace(entries::iterator e, snapshot_ptr s);
  void hand_over();
  census_ptr list() const;
  void update_readiness();
  void summarize();

  cache_impl::pointer self;
  renderer_actor renderer;
  event_log log;

  entries targets; ///< By name; "" is the unnamed.
  /// The snapshots that the renderer does not have yet. They are sent when it
  /// is asked for a page, not one by one: each message would wake its thread.
  std::vector<entries::iterator> changed;
  /// Every target had finished its first collection at some moment. Once set,
  /// it stays.
  bool ready = false;
  bool discovered = true; ///< See `metrics::reload_status`.
  static inline const char* name = "cache";
};

cache_impl::behavior_type cache(cache_impl::stateful_pointer<cache_state> self,
                                cache_settings settings, renderer_actor r,
                                event_log l);

} // namespace betanet
