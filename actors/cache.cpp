#include "actors/cache.hpp"

#include "metrics/openmetrics.hpp"
#include "net/gzip.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How often the cache logs one line about all targets.
constexpr auto summary_period = std::chrono::minutes{1};

} // namespace

cache_impl::behavior_type cache_state::make_behavior() {
  self->delayed_send(cache_impl{self}, summary_period, atom::summarize_v);
  return {
      [this](atom::add, const std::string& target, snapshot_ptr& s) {
        targets[target] = pages->replace(target, std::move(s));
      },
      [this](atom::drop, const std::string& target) {
        targets.erase(target);
        pages->remove(target);
      },
      [this](atom::reload, const metrics::reload_status& s) {
        pages->show(s);
        discovered = s.discovered;
        update_readiness();
      },
      [this](atom::refresh, const source_counts_ptr& counts) {
        pages->show(*counts);
      },
      [this](atom::put, const std::string& target, snapshot_ptr& s) {
        put(target, std::move(s));
      },
      [this](atom::restore, const std::string& target) {
        const auto found = targets.find(target);
        return found == targets.end() ? snapshot_ptr{} : found->second;
      },
      [this](atom::render, const page_query& q) { return render(q); },
      [this](atom::list) { return list(); },
      [this](atom::summarize) {
        if (targets.size() > max_chatty_targets)
          summarize();
        self->delayed_send(cache_impl{self}, summary_period, atom::summarize_v);
      },
  };
}

void cache_state::put(const std::string& target, snapshot_ptr s) {
  const auto known = targets.find(target);
  if (known == targets.end() || known->second->started != s->started)
    return; // from the aggregator of a target that a reload has removed
  pages->update(target, s);
  known->second = std::move(s);
  update_readiness();
}

/// Not called for each target that a reload removes or adds, but after all of
/// them: in between, there may be no target for a moment.
void cache_state::update_readiness() {
  ready = ready || (discovered && std::all_of(targets.begin(), targets.end(),
                                              [](const auto& t) {
                                                return t.second->collected;
                                              }));
}

page_ptr cache_state::render(const page_query& q) {
  pages->count_scrapes(q.scrapes);
  const auto now = self->clock().now();
  auto page = q.target
                  ? pages->render_target(*q.target, now)
                  : std::optional{pages->render(now, q.front, read_process())};
  if (!page)
    return nullptr;
  if (page->oldest_age) {
    const auto age =
        std::chrono::floor<std::chrono::seconds>(*page->oldest_age);
    log.debug((page->fresh ? "Cache hit: returning cached metrics (age: "
                           : "Cache expired: returning cached metrics (age: ") +
              std::to_string(age.count()) + "s)");
  }
  if (q.format == net::format::openmetrics_1_0_0)
    page->text = metrics::to_openmetrics(page->text);
  if (q.compressed)
    page->text = net::gzip(page->text);
  return std::make_shared<const metrics::page>(std::move(*page));
}

census_ptr cache_state::list() const {
  auto result = std::make_shared<metrics::census>();
  result->targets.assign(targets.begin(), targets.end());
  result->ready = ready;
  return result;
}

void cache_state::summarize() {
  const auto count = [this](auto condition) {
    return std::to_string(
        std::count_if(targets.begin(), targets.end(),
                      [&](const auto& t) { return condition(*t.second); }));
  };
  using metrics::snapshot;
  log.info("Collected",
           {{"targets", std::to_string(targets.size())},
            {"up", count([](const snapshot& s) { return metrics::up(s); })},
            {"failing", count(metrics::failing)}});
}

cache_impl::behavior_type cache(cache_impl::stateful_pointer<cache_state> self,
                                cache_settings settings, event_log l) {
  auto& state = self->state;
  state.log = std::move(l);
  state.read_process = std::move(settings.read_process);
  state.pages.emplace(settings.detail, std::move(settings.build),
                      settings.reload, settings.exporter_metrics);
  if (settings.shard)
    state.pages->show(*settings.shard);
  state.discovered = settings.reload.discovered;
  for (auto& [target, s] : settings.targets) {
    state.pages->update(target, s);
    state.targets[target] = std::move(s);
  }
  state.update_readiness();
  return state.make_behavior();
}

} // namespace betanet
