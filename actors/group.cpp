#include "actors/group.hpp"

#include "actors/aggregator.hpp"
#include "actors/enums.hpp"

namespace betanet {

namespace {

std::shared_ptr<const metrics::endpoint_urls> urls_of(const config::target& t) {
  metrics::endpoint_urls urls;
  for (const auto e : all_endpoints)
    urls[index(e)] = config::to_string(t.url) + t.paths[index(e)];
  return std::make_shared<const metrics::endpoint_urls>(std::move(urls));
}

display_rules rules_of(const config::target& t) {
  const auto& p = t.polling;
  return {
      {p.collection.interval, p.collection.timeout, p.cache.ttl,
       p.cache.max_stale, to_metrics(p.collection.fallback)},
      std::make_shared<const std::vector<double>>(p.collection.latency_buckets),
      urls_of(t),
      t.labels.empty()
          ? nullptr
          : std::make_shared<const metrics::target_labels>(t.labels)};
}

fetch_settings fetching_of(const config::target& t, endpoint e) {
  const auto& p = t.polling;
  return {e,
          p.collection.timeout,
          {p.retry.delays, p.retry.jitter, p.collection.interval}};
}

} // namespace

group_settings settings_of(const config::target& t,
                           const group_dependencies& with) {
  group_settings group;
  group.target = t.name;
  group.quiet = with.many_targets;
  group.open_duration = t.polling.circuit_breaker.open_duration;
  group.failure_threshold = t.polling.circuit_breaker.failure_threshold;
  group.wall_clock = with.wall_clock;
  group.rules = rules_of(t);
  group.make_fetcher = [t, with](supervisor_impl::pointer self,
                                 endpoint e) -> fetcher_actor {
    return self->spawn(fetcher, fetching_of(t, e), with.connect(t, e),
                       with.random, supervisor_actor{self});
  };
  group.make_aggregator = [name = t.name, with](supervisor_impl::pointer self) {
    return self->spawn(aggregator, name, with.store, with.journal);
  };
  return group;
}

supervisor_actor spawn_group(caf::actor_system& sys, const config::target& t,
                             const group_dependencies& with) {
  return sys.spawn(supervisor, settings_of(t, with), with.journal, with.log);
}

snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now) {
  const auto rules = rules_of(t);
  metrics::snapshot s{rules.freshness, rules.latency_bounds, now};
  s.url = to_string(t.url);
  s.urls = rules.urls;
  s.labels = rules.labels;
  return std::make_shared<const metrics::snapshot>(std::move(s));
}

} // namespace betanet
