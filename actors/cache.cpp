#include "actors/cache.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How often the cache logs one line about all targets.
constexpr auto summary_period = std::chrono::minutes{1};

} // namespace

cache_impl::behavior_type cache_state::make_behavior() {
  self->delayed_send(cache_impl{self}, summary_period, atom::summarize_v);
  return {
      [this](atom::render, page_query& q) -> caf::result<page_ptr> {
        hand_over();
        return self->delegate(renderer, atom::render_v, std::move(q));
      },
      [this](atom::list) { return list(); },
      [this](atom::put, const std::string& target, snapshot_ptr& s) {
        put(target, std::move(s));
      },
      [this](atom::restore, const std::string& target) {
        const auto found = targets.find(target);
        return found == targets.end() ? snapshot_ptr{} : found->second.latest;
      },
      [this](atom::add, const std::string& target, snapshot_ptr& s) {
        add(target, std::move(s));
      },
      [this](atom::drop, const std::string& target) {
        hand_over();
        targets.erase(target);
        self->send(renderer, atom::drop_v, target);
      },
      [this](atom::reload, const metrics::reload_status& s) {
        self->send(renderer, atom::reload_v, s);
        discovered = s.discovered;
        update_readiness();
      },
      [this](atom::refresh, const source_counts_ptr& counts) {
        self->send(renderer, atom::refresh_v, counts);
      },
      [this](atom::summarize) {
        if (targets.size() > max_chatty_targets)
          summarize();
        self->delayed_send(cache_impl{self}, summary_period, atom::summarize_v);
      },
  };
}

void cache_state::add(const std::string& target, snapshot_ptr s) {
  hand_over();
  auto& e = targets[target];
  if (e.latest)
    s = metrics::successor_of(*e.latest, std::move(s));
  e = {s, true};
  self->send(renderer, atom::add_v, target, std::move(s));
}

void cache_state::put(const std::string& target, snapshot_ptr s) {
  const auto known = targets.find(target);
  if (known == targets.end() || known->second.latest->started != s->started)
    return; // from the aggregator of a target that a reload has removed
  const bool first = s->collected && !known->second.latest->collected;
  replace(known, std::move(s));
  if (first) // looking at all targets takes long
    update_readiness();
}

void cache_state::replace(entries::iterator e, snapshot_ptr s) {
  e->second.latest = std::move(s);
  if (std::exchange(e->second.shown, false))
    changed.push_back(e);
}

/// Sends the renderer what has changed. It comes before every message for which
/// the order matters.
void cache_state::hand_over() {
  if (changed.empty())
    return;
  auto all = std::make_shared<metrics::named_snapshots>();
  all->reserve(changed.size());
  for (const auto& e : std::exchange(changed, {})) {
    e->second.shown = true;
    all->emplace_back(e->first, e->second.latest);
  }
  self->send(renderer, atom::put_v, snapshots_ptr{std::move(all)});
}

/// Not called for each target that a reload removes or adds, but after all of
/// them: in between, there may be no target for a moment.
void cache_state::update_readiness() {
  ready =
      ready || (discovered &&
                std::all_of(targets.begin(), targets.end(), [](const auto& t) {
                  return t.second.latest->collected;
                }));
}

census_ptr cache_state::list() const {
  auto result = std::make_shared<metrics::census>();
  result->targets.reserve(targets.size());
  for (const auto& [target, e] : targets)
    result->targets.emplace_back(target, e.latest);
  result->ready = ready;
  return result;
}

void cache_state::summarize() {
  const auto count = [this](auto condition) {
    return std::to_string(
        std::count_if(targets.begin(), targets.end(), [&](const auto& t) {
          return condition(*t.second.latest);
        }));
  };
  using metrics::snapshot;
  log.info("Collected",
           {{"targets", std::to_string(targets.size())},
            {"up", count([](const snapshot& s) { return metrics::up(s); })},
            {"failing", count(metrics::failing)}});
}

cache_impl::behavior_type cache(cache_impl::stateful_pointer<cache_state> self,
                                cache_settings settings, renderer_actor r,
                                event_log l) {
  auto& state = self->state;
  state.renderer = std::move(r);
  state.log = std::move(l);
  state.discovered = settings.discovered;
  for (auto& [target, s] : std::exchange(settings.targets, {})) {
    const cache_state::entry none{nullptr, true};
    state.replace(state.targets.emplace(target, none).first, std::move(s));
  }
  state.update_readiness();
  return state.make_behavior();
}

} // namespace betanet
