#pragma once

#include "actors/group.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace betanet {

/// The configuration as read at one moment.
struct config_reading {
  std::string content; ///< Of the file; empty without one.
  std::optional<config::settings> settings;
  std::string problems; ///< Empty: none, and `settings` are set.
};

using reloader_impl = reloader_actor::extend<
    // SIGHUP: read the configuration again.
    caf::reacts_to<atom::signal>,
    // From the thread that read the configuration.
    caf::reacts_to<atom::reload, config_reading_ptr>,
    // Its own alarm: read the file to see whether it has changed.
    caf::reacts_to<atom::read>,
    // From the thread that read the file: its content.
    caf::reacts_to<atom::read, std::string>,
    // Its own alarm: ask whether the exporter is healthy.
    caf::reacts_to<atom::watchdog>,
    // Whether it is; if so, tell the service manager.
    caf::reacts_to<atom::watchdog, bool>>;

struct reloader_settings {
  config::settings running; ///< Those of the start; a reload changes them.
  std::string content;      ///< Of the file they were read from.
  /// Of the groups; the reloader sets `many_targets` itself.
  group_dependencies dependencies;
  target_registry_actor registry;
  scheduler_actor scheduler;

  // Each of these returns at once and calls back once, from any thread.
  /// Reads and checks the configuration.
  std::function<void(std::function<void(config_reading)>)> read;
  /// Reads the content of the file.
  std::function<void(std::function<void(std::string)>)> read_file;
  /// Asks whether the exporter is healthy.
  std::function<void(std::function<void(bool)>)> probe;

  config::duration check_file_every{}; ///< 0: never.
  config::duration watchdog_every{};   ///< 0: never.
  /// Tells the service manager a line such as `READY=1`.
  std::function<void(const std::string&)> notify;
};

struct reloader_state {
  explicit reloader_state(reloader_impl::pointer p) : self(p) {}
  reloader_impl::behavior_type make_behavior();

  /// A target that is polled.
  struct polled {
    config::target target;
    supervisor_actor supervisor;
    metrics::time_point since; ///< The origin of its ticks.
  };

  void reload();
  void was_read(const config_reading& found);
  void file_was_read(const std::string& content);
  /// `configure_all`: targets that stay as they are get their settings again.
  void apply(const std::vector<config::target>& wanted, bool configure_all);
  void start(const config::target& t, bool known_from_start);
  void change(polled& p, const config::target& t);
  void end(const polled& p);
  void stop();
  void supervisor_died(const caf::down_msg& down);

  metrics::tick_grid grid_of(const polled& p) const;
  group_dependencies dependencies() const;

  reloader_impl::pointer self;
  reloader_settings settings;
  std::vector<polled> targets;

  using answer = caf::typed_response_promise<std::string>;
  bool reading = false;
  std::vector<answer> answered_by_this, answered_by_next;
  bool read_again = false; ///< A reload was asked for while one was running.

  std::string seen_content; ///< Of the file when it was last read for changes.
  std::string problems;     ///< Of the latest reload.
  metrics::wall_time reloaded_at{};
  std::size_t ending = 0; ///< Supervisors that a stop waits for.
  static inline const char* name = "reloader";
};

/// Starts every target of the settings. Dies with an error when a supervisor
/// dies; on an exit message it ends all supervisors first.
reloader_impl::behavior_type
reloader(reloader_impl::stateful_pointer<reloader_state> self,
         reloader_settings settings);

} // namespace betanet
