#pragma once

#include "actors/actors.hpp"
#include "actors/guard.hpp"
#include "actors/log.hpp"
#include "actors/reloader.hpp"
#include "actors/renderer.hpp"
#include "config/config.hpp"
#include "metrics/render.hpp"
#include "net/background.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <functional>
#include <string>

namespace betanet {

/// The configuration of CAF: message types and scheduler.
struct actor_config : caf::actor_system_config {
  actor_config();
};

/// The running process: creates and connects the actors, waits for signals and
/// stops the actors in order.
class exporter {
public:
  /// Reads the command line, the environment, the configuration file and the
  /// files that it names anew. May be called from any thread. Throws
  /// `config::invalid`.
  using loader = std::function<config::invocation()>;

  exporter(config::invocation given, metrics::build_info build, event_log l,
           loader load);

  /// Runs until a signal or a failure; returns the exit status. Throws
  /// `std::runtime_error` if it cannot start.
  int run();

private:
  void listen();
  int wait();
  void stop();

  // In exporter_actors.cpp.
  void start_actors();
  void start_guard(const web_reading& first);

  // In exporter_settings.cpp.
  renderer_settings rendering() const;
  reloader_settings reloading();
  discovery_settings discovering();
  guard_settings guarding(const web_reading& first);
  void reserve_descriptors(std::size_t services);
  void ask_front(std::function<void(bool)> done);

  config::invocation given_; ///< Without targets once the reloader exists.
  const config::web& web_ = given_.settings.web;
  const metrics::build_info build_;
  const std::string user_agent_ = "betanet_exporter/" + build_.version;
  event_log log_;
  loader load_;
  net::loop loop_;
  net::outbound outbound_{loop_};
  net::background files_{loop_, 2};  ///< Reads configuration files.
  net::background logins_{loop_, 1}; ///< Checks passwords, one at a time.
  /// Reads lists of targets: one on a dead mount must not block the others.
  net::background lists_{loop_, 8};
  http_front_actor front_; ///< Set before the loop runs.
  guard_actor guard_;      ///< Null if there is no web configuration file.
  net::http_server server_;
  actor_config caf_config_;
  caf::actor_system system_{caf_config_};
  caf::scoped_actor self_{system_};
  renderer_actor renderer_;
  cache_actor cache_;
  presenter_actor presenter_;
  journal_actor journal_;
  scheduler_actor scheduler_;
  discovery_actor discovery_;
  reloader_actor reloader_;
};

} // namespace betanet
