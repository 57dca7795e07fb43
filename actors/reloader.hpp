#pragma once

#include "actors/discovery.hpp"
#include "actors/group.hpp"
#include "actors/reload_report.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace betanet {

/// The result of reading the configuration once.
struct config_reading {
  std::string content; ///< The content of the file; empty if there is none.
  std::optional<config::settings> settings; ///< Set if `problems` is empty.
  std::string problems;              ///< What is wrong with the configuration.
  std::vector<std::string> warnings; ///< To be logged when it is used.
};

using reloader_impl = reloader_actor::extend<
    // From the signal handler: SIGHUP has arrived, reload the configuration.
    caf::reacts_to<atom::signal>,
    // From the thread that reads the configuration: the result.
    caf::reacts_to<atom::reload, config_reading_ptr>,
    // Delayed message to itself: check whether the file has changed.
    caf::reacts_to<atom::read>,
    // From the thread that reads the file: its content.
    caf::reacts_to<atom::read, std::string>,
    // Delayed message to itself: check whether the exporter is healthy.
    caf::reacts_to<atom::watchdog>,
    // From the health check: its result. If the exporter is healthy, the
    // service manager's watchdog is notified.
    caf::reacts_to<atom::watchdog, bool>>;

struct reloader_settings {
  config::settings running; ///< The settings in use; a reload changes them.
  std::string file;         ///< The configuration file; empty: none.
  std::string content;      ///< The content of the file they were read from.
  /// The dependencies of the groups. The reloader sets `many_targets` itself.
  group_dependencies dependencies;
  target_registry_actor registry;
  scheduler_actor scheduler;
  discovery_actor discovery;

  /// Why this many services cannot be polled; empty if they can.
  std::function<std::string(std::size_t)> problem_with_count;
  /// Keeps descriptors for the connections to this many services. Called at the
  /// start and after each reload.
  std::function<void(std::size_t)> reserve;

  // Each of the next three functions returns at once and later calls the
  // function that it is given, once and from any thread.
  /// Reads and validates the configuration.
  std::function<void(std::function<void(config_reading)>)> read;
  /// Reads the content of the file.
  std::function<void(std::function<void(std::string)>)> read_file;
  /// Checks whether the exporter is healthy.
  std::function<void(std::function<void(bool)>)> probe;

  /// How often the file is checked for changes; 0: never.
  config::duration check_file_every{};
  /// How often the service manager's watchdog is notified; 0: never.
  config::duration watchdog_every{};
  /// Sends a message such as `READY=1` to the service manager (sd_notify(3)).
  std::function<void(const std::string&)> notify;
};

struct reloader_state {
  explicit reloader_state(reloader_impl::pointer p) : self(p) {}
  reloader_impl::behavior_type make_behavior();

  /// A target and its running group.
  struct polled {
    target_ptr target;
    supervisor_actor supervisor;
    metrics::time_point since; ///< The origin of the target's ticks.
  };

  /// `asked`: by a signal or a request, not because the file has changed.
  void reload(bool asked);
  void was_read(const config_reading& found);
  reload_result use(const config_reading& found,
                    const config::merged_targets& merged);
  void use_lists(const discovered_lists& found);
  void report_reload(bool successful);
  void send_sources();
  void log_left_out(std::vector<std::string> warnings);
  reload_result refuse(const std::string& found_problems, bool asked);
  void file_was_read(const std::string& content);
  /// With `configure_all`, targets that have not changed get their settings
  /// again too. Returns the names of the targets.
  reload_changes apply(const std::vector<config::target>& wanted,
                       bool configure_all);
  void log_warnings() const;
  void start(const config::target& t, metrics::time_point now,
             bool known_from_start);
  void change(polled& p, const config::target& t);
  void end(const polled& p);
  void stop();
  void supervisor_died(const caf::down_msg& down);

  metrics::tick_grid grid_of(const polled& p) const;
  group_dependencies dependencies() const;

  reloader_impl::pointer self;
  reloader_settings settings;
  std::vector<polled> targets;
  std::size_t target_count = 0; ///< The configured and the discovered ones.
  std::vector<config::target_list> lists; ///< What discovery has found.
  bool discovered = false;                ///< See `metrics::reload_status`.
  std::vector<std::string> left_out; ///< Latest warnings of `merge_targets`.

  using answer = caf::typed_response_promise<reload_result>;
  bool reading = false; ///< A reload is running.
  /// The running and the next reload were asked for, see `reload`.
  bool asked_this = false, asked_next = false;
  /// The requests that the running and the next reload will answer.
  std::vector<answer> answered_by_this, answered_by_next;
  bool read_again = false; ///< A reload was asked for while one was running.

  std::optional<std::string>
      description;                  ///< `running` as YAML, once asked for.
  std::string seen_content;         ///< The content found by the latest check.
  std::string problems;             ///< The problems of the latest reload.
  metrics::wall_time reloaded_at{}; ///< When a reload last succeeded.
  bool restart_pending = false;     ///< See `metrics::reload_status`.
  std::size_t ending = 0; ///< Supervisors that have not terminated yet.
  static inline const char* name = "reloader";
};

/// The behaviour of the reloader. It starts the groups of all targets. When a
/// supervisor dies, it terminates with the cause. On an exit message it ends
/// all supervisors before it terminates.
reloader_impl::behavior_type
reloader(reloader_impl::stateful_pointer<reloader_state> self,
         reloader_settings settings);

} // namespace betanet
