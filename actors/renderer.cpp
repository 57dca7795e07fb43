#include "actors/renderer.hpp"

#include "metrics/openmetrics.hpp"
#include "net/gzip.hpp"

namespace betanet {

renderer_actor::behavior_type renderer_state::make_behavior() {
  return {
      [this](atom::put, const snapshots_ptr& changed) {
        for (const auto& [target, s] : *changed)
          pages->update(target, s);
      },
      [this](atom::render, const page_query& q) { return render(q); },
      [this](atom::add, const std::string& target, snapshot_ptr& s) {
        pages->replace(target, std::move(s));
      },
      [this](atom::drop, const std::string& target) { pages->remove(target); },
      [this](atom::reload, const metrics::reload_status& s) { pages->show(s); },
      [this](atom::refresh, const source_counts_ptr& counts) {
        pages->show(*counts);
      },
  };
}

page_ptr renderer_state::render(const page_query& q) {
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

renderer_actor::behavior_type
renderer(renderer_actor::stateful_pointer<renderer_state> self,
         renderer_settings settings, event_log l) {
  auto& state = self->state;
  state.log = std::move(l);
  state.read_process = std::move(settings.read_process);
  state.pages.emplace(settings.detail, std::move(settings.build),
                      settings.reload, settings.exporter_metrics);
  if (settings.shard)
    state.pages->show(*settings.shard);
  return state.make_behavior();
}

} // namespace betanet
