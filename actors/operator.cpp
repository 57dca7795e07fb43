#include "actors/operator.hpp"

#include "actors/cache.hpp"

#include <algorithm>
#include <map>

namespace betanet {

namespace {

/// More targets than this would start in one burst: they wait for their slots.
constexpr std::size_t immediate_targets = 100;

/// What systemd wants to know of a reload: when it began.
std::string reloading() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

} // namespace

operator_impl::behavior_type operator_state::make_behavior() {
  return {
      [this](atom::reload) {
        auto promise = self->make_response_promise<std::string>();
        answered_by_next.push_back(promise);
        reload();
        return promise;
      },
      [this](atom::describe) { return config::to_yaml(settings.initial); },
      [this](atom::signal) { reload(); },
      [this](atom::reload, const config_reading_ptr& found) {
        was_read(*found);
      },
      [this](atom::look) {
        settings.look([me = operator_impl{self}](std::string content) {
          caf::anon_send(me, atom::look_v, std::move(content));
        });
      },
      [this](atom::look, const std::string& content) { looked(content); },
      [this](atom::watchdog) {
        settings.probe([me = operator_impl{self}](bool healthy) {
          caf::anon_send(me, atom::watchdog_v, healthy);
        });
        self->scheduled_send(operator_impl{self},
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

/// A storm is two readings: the one that runs and the one after it.
void operator_state::reload() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  again = false;
  answered_by_this = std::exchange(answered_by_next, {});
  settings.notify(reloading());
  settings.read([me = operator_impl{self}](config_reading found) {
    caf::anon_send(me, atom::reload_v,
                   std::make_shared<const config_reading>(std::move(found)));
  });
}

void operator_state::was_read(const config_reading& found) {
  reading = false;
  metrics::reload_status status{found.problems.empty(), reloaded_at};
  if (found.problems.empty()) {
    for (const auto& key :
         config::restart_keys(settings.initial, *found.settings))
      settings.around.log.warn("A changed key needs a restart", {{"key", key}});
    const bool were_many = around().many_targets;
    settings.initial.polling = found.settings->polling;
    settings.initial.targets = found.settings->targets;
    apply(settings.initial.targets, around().many_targets != were_many);
    status.succeeded_at = reloaded_at = settings.around.wall_clock();
    settings.content = found.content;
  } else if (found.problems != problems) {
    settings.around.log.error("Reload failed, the former configuration goes on",
                              {{"error", found.problems}});
  }
  problems = found.problems;
  self->send(settings.around.cache, atom::reload_v, status);
  settings.notify("READY=1");
  for (auto& a : std::exchange(answered_by_this, {}))
    a.deliver(problems);
  if (again)
    reload();
}

/// Twice the same: nobody is writing it just now. A file that was refused is
/// tried again: another one that it names may have come.
void operator_state::looked(const std::string& content) {
  const bool settled = content == std::exchange(looked_at, content);
  if (settled && content != settings.content)
    reload();
  self->scheduled_send(operator_impl{self},
                       self->clock().now() + settings.look_every, atom::look_v);
}

// -- targets -----------------------------------------------------------------

surroundings operator_state::around() const {
  auto result = settings.around;
  result.many_targets = settings.initial.targets.size() > chatty_targets;
  return result;
}

metrics::tick_grid operator_state::grid_of(const polled& p) const {
  const auto interval = p.target.polling.collection.interval;
  const bool alone = settings.initial.targets.size() == 1;
  return {p.since,
          alone ? interval.zero()
                : metrics::tick_offset(p.target.name, interval),
          interval};
}

void operator_state::start(const config::target& t, bool known_from_start) {
  const auto now = self->clock().now();
  const auto with = around();
  if (!known_from_start)
    self->send(with.cache, atom::add_v, t.name, empty_snapshot(t, now));
  if (!with.many_targets)
    with.log.info("Polling", {{"target", t.name}, {"url", to_string(t.url)}});
  targets.push_back({t, spawn_group(self->system(), t, with), now});
  const auto& p = targets.back();
  self->monitor(p.supervisor);
  self->send(settings.scheduler, atom::watch_v, p.supervisor, grid_of(p),
             settings.initial.targets.size() <= immediate_targets);
}

void operator_state::end(const polled& p) {
  self->demonitor(p.supervisor.address());
  self->send(settings.scheduler, atom::unwatch_v, p.supervisor);
  self->send_exit(p.supervisor, caf::exit_reason::user_shutdown);
}

void operator_state::change(polled& p, const config::target& t) {
  const bool same_pace =
      p.target.polling.collection.interval == t.polling.collection.interval;
  p.target = t;
  self->send(p.supervisor, atom::configure_v,
             std::make_shared<const group_settings>(settings_of(t, around())));
  if (!same_pace)
    self->send(settings.scheduler, atom::watch_v, p.supervisor, grid_of(p),
               false);
}

/// Identity is name and URL: who keeps both keeps state and counters.
void operator_state::apply(const std::vector<config::target>& wanted,
                           bool tell_all) {
  const auto identity = [](const config::target& t) {
    return std::pair{t.name, to_string(t.url)};
  };
  std::map<std::pair<std::string, std::string>, polled> former;
  for (auto& p : std::exchange(targets, {}))
    former.emplace(identity(p.target), std::move(p));
  std::size_t changed = 0;
  std::vector<config::target> added;
  for (const auto& t : wanted) {
    const auto same = former.extract(identity(t));
    if (!same) {
      added.push_back(t);
      continue;
    }
    const bool differs = same.mapped().target != t;
    changed += differs;
    if (differs || tell_all)
      change(same.mapped(), t);
    targets.push_back(std::move(same.mapped()));
  }
  for (const auto& [_, p] : former) {
    end(p);
    self->send(settings.around.cache, atom::drop_v, p.target.name);
  }
  for (const auto& t : added)
    start(t, false);
  settings.around.log.info("Configuration reloaded",
                           {{"targets", std::to_string(wanted.size())},
                            {"added", std::to_string(added.size())},
                            {"removed", std::to_string(former.size())},
                            {"changed", std::to_string(changed)}});
}

// -- the end -----------------------------------------------------------------

void operator_state::supervisor_died(const caf::down_msg& down) {
  if (ending > 0) {
    if (--ending == 0)
      self->quit(caf::exit_reason::user_shutdown);
    return;
  }
  settings.around.log.error("Supervisor died",
                            {{"cause", self->system().render(down.reason)}});
  self->quit(down.reason);
}

void operator_state::stop() {
  settings.notify("STOPPING=1");
  for (auto* waiting : {&answered_by_this, &answered_by_next})
    for (auto& a : std::exchange(*waiting, {}))
      a.deliver(std::string{"stopping"});
  ending = targets.size();
  for (const auto& p : targets)
    self->send_exit(p.supervisor, caf::exit_reason::user_shutdown);
  if (ending == 0)
    self->quit(caf::exit_reason::user_shutdown);
}

operator_impl::behavior_type
operate(operator_impl::stateful_pointer<operator_state> self,
        operator_settings settings) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.reloaded_at = state.settings.around.wall_clock();
  state.looked_at = state.settings.content;
  self->set_down_handler(
      [&state](const caf::down_msg& down) { state.supervisor_died(down); });
  self->set_exit_handler([&state](const caf::exit_msg&) { state.stop(); });
  for (const auto& t : state.settings.initial.targets)
    state.start(t, true);
  if (state.settings.look_every > state.settings.look_every.zero())
    self->send(operator_impl{self}, atom::look_v);
  if (state.settings.watchdog_every > state.settings.watchdog_every.zero())
    self->send(operator_impl{self}, atom::watchdog_v);
  state.settings.notify("READY=1");
  return state.make_behavior();
}

} // namespace betanet
