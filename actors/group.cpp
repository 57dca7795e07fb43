#include "actors/group.hpp"

#include "actors/aggregator.hpp"

namespace betanet {

namespace {

metrics::freshness_rules freshness_of(const config::target& t) {
  const auto& p = t.polling;
  return {p.collection.interval, p.collection.timeout, p.cache.ttl,
          p.cache.max_stale,
          static_cast<metrics::parse_fallback>(p.collection.fallback)};
}

fetch_settings settings_of(const config::target& t, metrics::endpoint e) {
  const auto& p = t.polling;
  return {e,
          p.collection.timeout,
          {p.retry.delays, p.retry.jitter, p.collection.interval}};
}

} // namespace

supervisor_actor spawn_group(caf::actor_system& sys, const config::target& t,
                             const surroundings& with) {
  group_settings group;
  group.target = t.name;
  group.open_duration = t.polling.circuit_breaker.open_duration;
  group.failure_threshold = t.polling.circuit_breaker.failure_threshold;
  group.chatter =
      with.many_targets ? event_log::level::debug : event_log::level::info;
  group.wall_clock = with.wall_clock;
  group.make_fetcher = [t, with](supervisor_impl::pointer self,
                                 metrics::endpoint e) -> fetcher_actor {
    return self->spawn(fetcher, settings_of(t, e), with.connect(t, e),
                       with.random, supervisor_actor{self});
  };
  group.make_aggregator = [name = t.name, with, level = group.chatter](
                              supervisor_impl::pointer self) {
    return self->spawn(aggregator, name, with.cache, with.log, level);
  };
  return sys.spawn(supervisor, std::move(group), with.log);
}

snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now) {
  return std::make_shared<const metrics::snapshot>(
      freshness_of(t),
      std::make_shared<const std::vector<double>>(
          t.polling.collection.latency_buckets),
      now);
}

} // namespace betanet
