#include "actors/reloader.hpp"

#include <set>

namespace betanet {

namespace {

/// The message that tells systemd that a reload begins (sd_notify(3),
/// RELOADING=1). It must contain the present monotonic time.
std::string reloading_message() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

} // namespace

reloader_impl::behavior_type reloader_state::make_behavior() {
  return {
      [this](atom::discover, const discovered_ptr& found) {
        use_lists(*found);
      },
      [this](atom::reload) {
        auto promise = self->make_response_promise<reload_result>();
        answered_by_next.push_back(promise);
        reload(true);
        return promise;
      },
      [this](atom::describe) {
        if (!description)
          description = config::to_yaml(settings.running);
        return *description;
      },
      [this](atom::signal) { reload(true); },
      [this](atom::reload, const config_reading_ptr& found) {
        was_read(*found);
      },
      [this](atom::read) {
        settings.read_file([me = reloader_impl{self}](std::string content) {
          caf::anon_send(me, atom::read_v, std::move(content));
        });
      },
      [this](atom::read, const std::string& content) {
        file_was_read(content);
      },
      [this](atom::watchdog) {
        settings.probe([me = reloader_impl{self}](bool healthy) {
          caf::anon_send(me, atom::watchdog_v, healthy);
        });
        self->scheduled_send(reloader_impl{self},
                             self->clock().now() + settings.watchdog_every,
                             atom::watchdog_v);
      },
      [this](atom::watchdog, bool healthy) {
        if (healthy)
          settings.notify("WATCHDOG=1");
      },
  };
}

// -- reloads -----------------------------------------------------------------

/// Starts a reload. Requests that arrive while one is running are answered by
/// one further reload, which starts when the running one has ended.
void reloader_state::reload(bool asked) {
  asked_next = asked_next || asked;
  if (reading) {
    read_again = true;
    return;
  }
  reading = true;
  read_again = false;
  asked_this = std::exchange(asked_next, false);
  answered_by_this = std::exchange(answered_by_next, {});
  settings.notify(reloading_message());
  settings.read([me = reloader_impl{self}](config_reading found) {
    caf::anon_send(me, atom::reload_v,
                   std::make_shared<const config_reading>(std::move(found)));
  });
}

void reloader_state::was_read(const config_reading& found) {
  reading = false;
  auto found_problems = found.problems;
  config::merged_targets merged;
  if (found_problems.empty()) {
    merged = config::merge_targets(*found.settings, lists);
    found_problems =
        settings.problem_with_count(count_services(merged.targets));
  }
  const auto result = found_problems.empty()
                          ? use(found, merged)
                          : refuse(found_problems, asked_this);
  problems = found_problems;
  report_reload(result.successful);
  settings.notify("READY=1");
  for (auto& a : std::exchange(answered_by_this, {}))
    a.deliver(result);
  if (read_again)
    reload(false);
}

/// Tells the cache how the latest reload ended.
void reloader_state::report_reload(bool successful) {
  self->send(settings.registry, atom::reload_v,
             metrics::reload_status{successful, reloaded_at, restart_pending,
                                    discovered});
}

reload_result reloader_state::use(const config_reading& found,
                                  const config::merged_targets& merged) {
  const auto waiting = config::restart_keys(settings.running, *found.settings);
  for (const auto& key : waiting)
    settings.dependencies.log.warn("A changed key needs a restart",
                                   {{"key", key}});
  restart_pending = !waiting.empty();
  description.reset();
  const bool were_many = dependencies().many_targets;
  settings.running.polling = found.settings->polling;
  settings.running.targets = found.settings->targets;
  settings.running.targets_elsewhere = found.settings->targets_elsewhere;
  const bool discovered_before = settings.running.discovers();
  settings.running.target_files = found.settings->target_files;
  settings.running.target_servers = found.settings->target_servers;
  settings.content = found.content;
  target_count = merged.targets.size();
  settings.reserve(count_services(merged.targets));
  auto changes =
      apply(merged.targets, dependencies().many_targets != were_many);
  changes.waiting = waiting;
  reloaded_at = settings.dependencies.wall_clock();
  settings.dependencies.log.info("Configuration reloaded",
                                 {{"targets", std::to_string(target_count)},
                                  {"added", list_names(changes.added)},
                                  {"removed", list_names(changes.removed)},
                                  {"changed", list_names(changes.changed)}});
  log_warnings();
  for (const auto& w : found.warnings)
    settings.dependencies.log.warn(w);
  log_left_out(merged.warnings);
  if (discovered_before || settings.running.discovers())
    send_sources();
  return {true, describe(changes, target_count)};
}

/// Logs the problems, unless they were logged before and nobody has asked.
reload_result reloader_state::refuse(const std::string& found_problems,
                                     bool asked) {
  if (asked || found_problems != problems)
    settings.dependencies.log.error(
        "Reload failed, the former configuration stays in use",
        {{"error", found_problems}});
  return {false, found_problems + "\n"};
}

void reloader_state::log_warnings() const {
  for (const auto& w : config::warnings_about(settings.running))
    settings.dependencies.log.warn(w);
}

/// Reloads if the content differs from that in use and equals the content of
/// the previous reading, which means that nobody is writing the file. After a
/// reload that was refused, it reloads each time: a file that the configuration
/// names may have been created since, or the former content may be back.
void reloader_state::file_was_read(const std::string& content) {
  const bool settled = content == std::exchange(seen_content, content);
  if (settled && (content != settings.content || !problems.empty()))
    reload(false);
  self->scheduled_send(reloader_impl{self},
                       self->clock().now() + settings.check_file_every,
                       atom::read_v);
}

// -- discovery ---------------------------------------------------------------

void reloader_state::send_sources() {
  const auto& s = settings.running;
  self->send(settings.discovery, atom::configure_v,
             std::make_shared<const discovery_sources>(
                 discovery_sources{s.target_files, s.target_servers}),
             target_sink_actor{self});
}

/// Polls what the sources list besides what is configured, unless that is too
/// much: then the former targets stay.
void reloader_state::use_lists(const discovered_lists& found) {
  const auto& log = settings.dependencies.log;
  const auto merged = config::merge_targets(settings.running, found.lists);
  discovered = discovered || found.complete;
  log_left_out(merged.warnings);
  if (const auto why =
          settings.problem_with_count(count_services(merged.targets));
      !why.empty()) {
    log.error("The discovered targets are refused, the former stay",
              {{"error", why}});
  } else {
    const bool were_many = dependencies().many_targets;
    lists = found.lists;
    target_count = merged.targets.size();
    settings.reserve(count_services(merged.targets));
    const auto changes =
        apply(merged.targets, dependencies().many_targets != were_many);
    if (!changes.empty())
      log.info("Targets discovered",
               {{"targets", std::to_string(target_count)},
                {"added", list_names(changes.added)},
                {"removed", list_names(changes.removed)},
                {"changed", list_names(changes.changed)}});
  }
  report_reload(problems.empty());
}

/// Logs the warnings that the former merge did not give.
void reloader_state::log_left_out(std::vector<std::string> warnings) {
  const std::set<std::string> known{left_out.begin(), left_out.end()};
  for (const auto& w : warnings)
    if (!known.contains(w))
      settings.dependencies.log.warn(w);
  left_out = std::move(warnings);
}

reloader_impl::behavior_type
reloader(reloader_impl::stateful_pointer<reloader_state> self,
         reloader_settings settings) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.reloaded_at = state.settings.dependencies.wall_clock();
  state.seen_content = state.settings.content;
  self->set_down_handler(
      [&state](const caf::down_msg& down) { state.supervisor_died(down); });
  self->set_exit_handler([&state](const caf::exit_msg&) { state.stop(); });
  const auto& running = state.settings.running;
  const auto& shard = running.shard;
  state.settings.dependencies.log.info(
      "Configuration loaded",
      {{"file", state.settings.file},
       {"targets", std::to_string(running.targets.size())},
       {"shard", shard ? std::to_string(shard->index) + " of " +
                             std::to_string(shard->count)
                       : ""}});
  state.log_warnings();
  state.target_count = running.targets.size();
  state.discovered = !running.discovers();
  state.settings.reserve(count_services(running.targets));
  const auto now = self->clock().now();
  for (const auto& t : running.targets)
    state.start(t, now, true);
  if (running.discovers())
    state.send_sources();
  if (state.settings.check_file_every > state.settings.check_file_every.zero())
    self->send(reloader_impl{self}, atom::read_v);
  if (state.settings.watchdog_every > state.settings.watchdog_every.zero())
    self->send(reloader_impl{self}, atom::watchdog_v);
  state.settings.notify("READY=1");
  return state.make_behavior();
}

} // namespace betanet
