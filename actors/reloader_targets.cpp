#include "actors/cache.hpp"
#include "actors/reloader.hpp"

#include <map>
#include <set>

/// The targets that are polled: how their groups are started, changed and
/// ended.
namespace betanet {

namespace {

/// Up to this number of targets, each is also collected when its group starts.
/// With more targets that would be a burst of requests, so that each target
/// waits for its first grid point.
constexpr std::size_t max_immediate_targets = 100;

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

group_dependencies reloader_state::dependencies() const {
  auto result = settings.dependencies;
  result.many_targets = target_count > max_chatty_targets;
  return result;
}

metrics::tick_grid reloader_state::grid_of(const polled& p) const {
  const auto interval = p.target->polling.collection.interval;
  const bool alone = target_count == 1;
  return {p.since,
          alone ? interval.zero()
                : metrics::tick_offset(p.target->name, interval),
          interval};
}

/// Targets that are started together have the same `now`, the origin of their
/// ticks, so that those of one slot are due at the same instant.
void reloader_state::start(const config::target& t, metrics::time_point now,
                           bool known_from_start) {
  const auto with = dependencies();
  if (!known_from_start)
    self->send(settings.registry, atom::add_v, t.name, empty_snapshot(t, now));
  const auto url = list_urls(t);
  with.log.write(
      with.many_targets ? event_log::level::debug : event_log::level::info,
      "Polling", {{"target", t.name}, {"url", url}, {"hint", hint_for(url)}});
  const auto shared = std::make_shared<const config::target>(t);
  targets.push_back({shared, spawn_group(self->system(), shared, with), now});
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
      p.target->polling.collection.interval == t.polling.collection.interval;
  p.target = std::make_shared<const config::target>(t);
  self->send(p.supervisor, atom::configure_v,
             std::make_shared<const group_settings>(
                 settings_of(p.target, dependencies())));
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
    former.emplace(identity(*p.target), std::move(p));
  reload_changes result;
  std::vector<config::target> added;
  for (const auto& t : wanted) {
    const auto same = former.extract(identity(t));
    if (!same) {
      added.push_back(t);
      continue;
    }
    const bool differs = *same.mapped().target != t;
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
    if (!replaced.contains(p.target->name))
      self->send(settings.registry, atom::drop_v, p.target->name);
    result.removed.push_back(label_of(*p.target));
  }
  const auto now = self->clock().now();
  for (const auto& t : added) {
    start(t, now, false);
    result.added.push_back(label_of(t));
  }
  return result;
}

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

} // namespace betanet
