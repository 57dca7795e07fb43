#include "actors/reloader.hpp"

#include "actors/cache.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace betanet {

namespace {

/// Up to this number of targets, each is also collected when its group starts.
/// With more targets that would be a burst of requests, so that each target
/// waits for its first grid point.
constexpr std::size_t max_immediate_targets = 100;

/// The message that tells systemd that a reload begins (sd_notify(3),
/// RELOADING=1). It must contain the present monotonic time.
std::string reloading_message() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

/// What to do if this is not the URL that the user wants; empty if the user has
/// chosen it. In a container, the default URL is the container itself.
std::string hint_for(const std::string& url) {
  return url == config::default_url
             ? "BETANET_URL or --betanet.url names another service"
             : "";
}

/// The URLs of a target, separated by spaces, which URLs do not contain.
std::string list_urls(const config::target& t) {
  std::string list;
  for (const auto& url : urls_of(t))
    list += (list.empty() ? "" : " ") + to_string(url);
  return list;
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

// -- targets -----------------------------------------------------------------

group_dependencies reloader_state::dependencies() const {
  auto result = settings.dependencies;
  result.many_targets = target_count > max_chatty_targets;
  return result;
}

metrics::tick_grid reloader_state::grid_of(const polled& p) const {
  const auto interval = p.target.polling.collection.interval;
  const bool alone = target_count == 1;
  return {p.since,
          alone ? interval.zero()
                : metrics::tick_offset(p.target.name, interval),
          interval};
}

void reloader_state::start(const config::target& t, bool known_from_start) {
  const auto now = self->clock().now();
  const auto with = dependencies();
  if (!known_from_start)
    self->send(settings.registry, atom::add_v, t.name, empty_snapshot(t, now));
  const auto url = list_urls(t);
  with.log.write(
      with.many_targets ? event_log::level::debug : event_log::level::info,
      "Polling", {{"target", t.name}, {"url", url}, {"hint", hint_for(url)}});
  targets.push_back({t, spawn_group(self->system(), t, with), now});
  const auto& p = targets.back();
  self->monitor(p.supervisor);
  self->send(settings.scheduler, atom::watch_v, p.supervisor, grid_of(p),
             target_count <= max_immediate_targets);
}

void reloader_state::end(const polled& p) {
  self->demonitor(p.supervisor.address());
  self->send(settings.scheduler, atom::unwatch_v, p.supervisor);
  self->send_exit(p.supervisor, caf::exit_reason::user_shutdown);
}

void reloader_state::change(polled& p, const config::target& t) {
  const bool same_pace =
      p.target.polling.collection.interval == t.polling.collection.interval;
  p.target = t;
  self->send(
      p.supervisor, atom::configure_v,
      std::make_shared<const group_settings>(settings_of(t, dependencies())));
  if (!same_pace)
    self->send(settings.scheduler, atom::watch_v, p.supervisor, grid_of(p),
               false);
}

/// Starts, changes and ends groups until they are those of `wanted`. A target
/// that keeps its name and its URLs keeps its state and its counters.
reload_changes reloader_state::apply(const std::vector<config::target>& wanted,
                                     bool configure_all) {
  const auto identity = [](const config::target& t) {
    return std::pair{t.name, list_urls(t)};
  };
  std::map<std::pair<std::string, std::string>, polled> former;
  for (auto& p : std::exchange(targets, {}))
    former.emplace(identity(p.target), std::move(p));
  reload_changes result;
  std::vector<config::target> added;
  for (const auto& t : wanted) {
    const auto same = former.extract(identity(t));
    if (!same) {
      added.push_back(t);
      continue;
    }
    const bool differs = same.mapped().target != t;
    if (differs)
      result.changed.push_back(label_of(t));
    if (differs || configure_all)
      change(same.mapped(), t);
    targets.push_back(std::move(same.mapped()));
  }
  std::set<std::string> replaced; // with another URL
  for (const auto& t : added)
    replaced.insert(t.name);
  for (const auto& [_, p] : former) {
    end(p);
    if (!replaced.contains(p.target.name))
      self->send(settings.registry, atom::drop_v, p.target.name);
    result.removed.push_back(label_of(p.target));
  }
  for (const auto& t : added) {
    start(t, false);
    result.added.push_back(label_of(t));
  }
  return result;
}

// -- the end -----------------------------------------------------------------

void reloader_state::supervisor_died(const caf::down_msg& down) {
  if (ending > 0) {
    if (--ending == 0)
      self->quit(caf::exit_reason::user_shutdown);
    return;
  }
  settings.dependencies.log.error(
      "Supervisor died", {{"cause", self->system().render(down.reason)}});
  self->quit(down.reason);
}

void reloader_state::stop() {
  settings.notify("STOPPING=1");
  for (auto* waiting : {&answered_by_this, &answered_by_next})
    for (auto& a : std::exchange(*waiting, {}))
      a.deliver(reload_result{false, "The exporter is stopping.\n"});
  ending = targets.size();
  for (const auto& p : targets)
    self->send_exit(p.supervisor, caf::exit_reason::user_shutdown);
  if (ending == 0)
    self->quit(caf::exit_reason::user_shutdown);
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
  state.settings.dependencies.log.info(
      "Configuration loaded",
      {{"file", state.settings.file},
       {"targets", std::to_string(running.targets.size())}});
  state.log_warnings();
  state.target_count = running.targets.size();
  state.discovered = !running.discovers();
  state.settings.reserve(count_services(running.targets));
  for (const auto& t : running.targets)
    state.start(t, true);
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
