#pragma once

#include "actors/group.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace betanet {

/// One reading of the configuration.
struct config_reading {
  std::string content; ///< Of the file; empty without one.
  std::optional<config::settings> settings;
  std::string problems; ///< Empty: none, the settings are there.
};

/// Its public messages and those it sends itself.
using operator_impl = operator_actor::extend<
    // A reload that nobody waits for: SIGHUP.
    caf::reacts_to<atom::signal>,
    // What was read.
    caf::reacts_to<atom::reload, config_reading_ptr>,
    // Its own alarm: has the file changed?
    caf::reacts_to<atom::look>,
    // The file's content.
    caf::reacts_to<atom::look, std::string>,
    // Its own alarm: tell the service manager that all is well, if it is.
    caf::reacts_to<atom::watchdog>,
    // Whether it is.
    caf::reacts_to<atom::watchdog, bool>>;

struct operator_settings {
  config::settings initial;
  std::string content; ///< Of the file it was read from.
  surroundings around; ///< Of the groups; `many_targets` is not looked at.
  scheduler_actor scheduler;

  // Each works somewhere else and then calls back once, from any thread.
  std::function<void(std::function<void(config_reading)>)> read;
  std::function<void(std::function<void(std::string)>)> look; ///< Content.
  std::function<void(std::function<void(bool)>)> probe;       ///< `/-/healthy`

  config::duration look_every{};     ///< 0: never.
  config::duration watchdog_every{}; ///< 0: never.
  /// Tells the service manager.
  std::function<void(const std::string&)> notify;
};

struct operator_state {
  explicit operator_state(operator_impl::pointer p) : self(p) {}
  operator_impl::behavior_type make_behavior();

  /// A target that is polled.
  struct polled {
    config::target target;
    supervisor_actor supervisor;
    metrics::time_point since; ///< The origin of its ticks.
  };

  void reload();
  void was_read(const config_reading& found);
  void looked(const std::string& content);
  /// `tell_all`: those that stay as they are hear of it too.
  void apply(const std::vector<config::target>& wanted, bool tell_all);
  void start(const config::target& t, bool known_from_start);
  void change(polled& p, const config::target& t);
  void end(const polled& p);
  void stop();
  void supervisor_died(const caf::down_msg& down);

  metrics::tick_grid grid_of(const polled& p) const;
  surroundings around() const;

  operator_impl::pointer self;
  operator_settings settings;
  std::vector<polled> targets;

  using answer = caf::typed_response_promise<std::string>;
  bool reading = false;
  std::vector<answer> answered_by_this, answered_by_next;
  bool again = false; ///< The file may have changed since the reading began.

  std::string looked_at; ///< At the latest look.
  std::string problems;  ///< Of the latest reload.
  metrics::wall_time reloaded_at{};
  std::size_t ending = 0; ///< Supervisors whose end a stop waits for.
  static inline const char* name = "operator";
};

/// Starts every target of the initial settings. Ends, with an error, when a
/// supervisor dies; when asked to, after all of them have ended.
operator_impl::behavior_type
operate(operator_impl::stateful_pointer<operator_state> self,
        operator_settings settings);

} // namespace betanet
