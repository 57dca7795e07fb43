#include "actors/group.hpp"

#include "actors/aggregator.hpp"
#include "actors/enums.hpp"
#include "actors/on_io.hpp"

namespace betanet {

namespace {

metrics::endpoint_urls endpoints_at(const config::service_url& url,
                                    const config::target& t) {
  metrics::endpoint_urls urls;
  for (const auto e : all_endpoints)
    urls[index(e)] = config::to_string(url) + t.paths[index(e)];
  return urls;
}

/// Null if the target has no replicas.
std::shared_ptr<const std::vector<metrics::replica_address>>
addresses_of(const config::target& t) {
  if (t.replicas.empty())
    return nullptr;
  std::vector<metrics::replica_address> all;
  for (const auto& url : t.replicas)
    all.push_back({config::to_string(url), endpoints_at(url, t)});
  return std::make_shared<const std::vector<metrics::replica_address>>(
      std::move(all));
}

display_rules rules_of(const config::target& t) {
  const auto& p = t.polling;
  return {
      {p.collection.interval, p.collection.timeout, p.cache.ttl,
       p.cache.max_stale, to_metrics(p.collection.fallback)},
      std::make_shared<const std::vector<double>>(p.collection.latency_buckets),
      std::make_shared<const metrics::endpoint_urls>(endpoints_at(t.url, t)),
      addresses_of(t),
      t.labels.empty()
          ? nullptr
          : std::make_shared<const metrics::target_labels>(t.labels)};
}

fetch_settings fetching_of(const config::target& t, endpoint e) {
  const auto& p = t.polling;
  return {e, {p.retry.delays, p.retry.jitter, p.collection.interval}};
}

/// The transports to all replicas. Each is made when it is first used: with
/// failover, most replicas are never asked.
std::vector<transport> transports_of(const target_ptr& t, endpoint e,
                                     const group_dependencies& with) {
  std::vector<transport> all;
  for (std::size_t i = 0; i < urls_of(*t).size(); ++i)
    all.emplace_back([t, e, i, connect = with.connect,
                      made = transport{}](auto limits, auto done) mutable {
      if (!made)
        made = connect(at_url(*t, urls_of(*t)[i]), e);
      made(limits, std::move(done));
    });
  return all;
}

} // namespace

group_settings settings_of(const target_ptr& of,
                           const group_dependencies& with) {
  const auto& t = *of;
  group_settings group;
  group.target = t.name;
  group.quiet = with.many_targets;
  group.timeout = t.polling.collection.timeout;
  group.adaptive_timeout =
      t.polling.collection.timeout_mode == config::timeout_mode::adaptive;
  group.replicas = urls_of(t).size();
  group.balance = to_metrics(t.balance);
  group.open_duration = t.polling.circuit_breaker.open_duration;
  group.failure_threshold = t.polling.circuit_breaker.failure_threshold;
  group.wall_clock = with.wall_clock;
  group.rules = rules_of(t);
  group.make_fetcher = [of, with](supervisor_impl::pointer self,
                                  endpoint e) -> fetcher_actor {
    return spawn_on(with.loop, *self, fetcher, fetching_of(*of, e),
                    transports_of(of, e, with), with.random,
                    supervisor_actor{self});
  };
  group.make_aggregator = [name = t.name, with](supervisor_impl::pointer self) {
    return spawn_on(with.loop, *self, aggregator, name, with.store,
                    with.journal);
  };
  return group;
}

supervisor_actor spawn_group(caf::actor_system& sys, const target_ptr& t,
                             const group_dependencies& with) {
  return spawn_on(with.loop, sys, supervisor, settings_of(t, with),
                  with.journal, with.log);
}

snapshot_ptr empty_snapshot(const config::target& t, metrics::time_point now) {
  const auto rules = rules_of(t);
  metrics::snapshot s{rules.freshness, rules.latency_bounds, now};
  s.url = to_string(t.url);
  s.urls = rules.urls;
  s.addresses = rules.addresses;
  if (s.addresses) {
    s.replicas.resize(s.addresses->size());
    s.guards.resize(metrics::field_count);
  }
  s.labels = rules.labels;
  return std::make_shared<const metrics::snapshot>(std::move(s));
}

} // namespace betanet
