#include "actors/cache.hpp"
#include "actors/http_front.hpp"
#include "actors/journal.hpp"
#include "actors/on_io.hpp"
#include "actors/presenter.hpp"
#include "actors/scheduler.hpp"
#include "actors/web_reading.hpp"
#include "exporter.hpp"

/// Which actors the exporter starts, and where they run.
namespace betanet {

namespace {

/// Where Prometheus reaches the exporter; `tls`: its own server is encrypted.
pages::location location_of(const config::web& w, bool tls) {
  if (!w.external_url)
    return {tls, {}, w.telemetry_path};
  const auto& url = *w.external_url;
  return {url.tls, authority(url), url.path + w.telemetry_path};
}

} // namespace

void exporter::start_actors() {
  // What may throw comes before the actors: their system cannot end while they
  // live.
  std::optional<web_reading> web;
  if (!web_.config_file.empty()) {
    web = read_web(web_.config_file, {});
    if (!web->problem.empty()) // the file has changed since it was checked
      throw std::runtime_error(web->problem);
  }
  const auto now = system_.clock().now();
  renderer_ = system_.spawn<caf::detached>(renderer, rendering(), log_);
  cache_settings cached;
  cached.discovered = !given_.settings.discovers();
  for (const auto& t : given_.settings.targets)
    cached.targets.emplace_back(t.name, empty_snapshot(t, now));
  cache_ = spawn_on(&loop_, system_, cache, std::move(cached), renderer_, log_);
  journal_ = system_.spawn(journal, log_, std::chrono::system_clock::now);
  scheduler_ = spawn_on(&loop_, system_, scheduler);
  discovery_ = system_.spawn(discovery, discovering(), log_);
  reloader_ = system_.spawn(reloader, reloading());
  presenter_ = system_.spawn(
      presenter,
      presenter_settings{web_.telemetry_path, build_.version,
                         location_of(web_, web && web->tls != nullptr)},
      cache_);
  front_ =
      spawn_on(&loop_, system_, http_front,
               front_settings{web_.telemetry_path,
                              static_cast<std::uint64_t>(web_.max_requests)},
               cache_, presenter_, reloader_);
  if (web)
    start_guard(*web);
  self_->monitor(renderer_);
  self_->monitor(cache_);
  self_->monitor(journal_);
  self_->monitor(scheduler_);
  self_->monitor(discovery_);
  self_->monitor(reloader_);
  self_->monitor(presenter_);
  self_->monitor(front_);
}

void exporter::start_guard(const web_reading& first) {
  guard_ = spawn_on(&loop_, system_, guard, guarding(first), front_, log_);
  self_->monitor(guard_);
  log_.info("Web configuration loaded", {{"web_config_file", web_.config_file},
                                         {"tls", first.tls ? "on" : "off"}});
}

} // namespace betanet
