#define CAF_SUITE group

#include "actors/group.hpp"

#include "tests/suite.hpp"

using namespace betanet;
using namespace std::chrono_literals;

namespace {

target_ptr target_of(const std::string& keys) {
  return std::make_shared<const config::target>(
      config::parse_yaml("targets: [{name: eu, " + keys + "}]", "f")
          .targets.at(0));
}

group_settings settings(const std::string& keys, bool many_targets = false) {
  group_dependencies with;
  with.many_targets = many_targets;
  with.wall_clock = [] { return metrics::wall_time{42s}; };
  return settings_of(target_of(keys), with);
}

} // namespace

CAF_TEST(a group has the settings of its target) {
  const auto g = settings("url: \"http://a/x\", "
                          "endpoints: {nodes_status: /n}, "
                          "collection: {interval: 20s, timeout: 3s, "
                          "latency_buckets: [1, 2], parse_fallback: omit}, "
                          "circuit_breaker: {failure_threshold: 7, "
                          "open_duration: 8s}, "
                          "cache: {ttl: 11s, max_stale: 12m}");

  CAF_CHECK_EQUAL(g.target, "eu");
  CAF_CHECK(!g.quiet);
  CHECK_EQUAL(g.timeout, 3s);
  CAF_CHECK(!g.adaptive_timeout);
  CHECK_EQUAL(g.open_duration, 8s);
  CAF_CHECK_EQUAL(g.failure_threshold, 7);
  CAF_CHECK_EQUAL(g.replicas, 1u);
  CHECK_EQUAL(g.balance, metrics::balance::failover);
  CHECK_EQUAL(g.wall_clock(), metrics::wall_time{42s});
  const auto& shown = g.rules.freshness;
  CHECK_EQUAL(shown.interval, 20s);
  CHECK_EQUAL(shown.timeout, 3s);
  CHECK_EQUAL(shown.ttl, 11s);
  CHECK_EQUAL(shown.max_stale, 12min);
  CHECK_EQUAL(shown.fallback, metrics::parse_fallback::omit);
  CHECK_EQUAL(*g.rules.latency_bounds, (std::vector{1.0, 2.0}));
  CHECK_EQUAL(
      *g.rules.urls,
      (metrics::endpoint_urls{"http://a:80/x/api/v1/metrics", "http://a:80/x/n",
                              "http://a:80/x/api/v1/network/stats"}));
  CAF_CHECK(!g.rules.addresses);
  CAF_CHECK(!g.rules.labels);
}

CAF_TEST(a group of replicas has the addresses of all) {
  const auto g = settings("replicas: [\"http://a\", \"http://b\"], "
                          "balance: round_robin, "
                          "collection: {timeout_mode: adaptive}",
                          true);

  CAF_CHECK(g.quiet);
  CAF_CHECK(g.adaptive_timeout);
  CAF_CHECK_EQUAL(g.replicas, 2u);
  CHECK_EQUAL(g.balance, metrics::balance::round_robin);
  CAF_REQUIRE(g.rules.addresses);
  CAF_REQUIRE_EQUAL(g.rules.addresses->size(), 2u);
  CAF_CHECK_EQUAL(g.rules.addresses->at(1).url, "http://b:80");
  CAF_CHECK_EQUAL(g.rules.addresses->at(1).endpoints[0],
                  "http://b:80/api/v1/metrics");
}

CAF_TEST(the first snapshot of a target shows its addresses and no values) {
  const metrics::time_point now{5s};
  auto t = *target_of("url: \"http://a\"");
  t.labels = {{"region", "eu"}};

  const auto s = empty_snapshot(t, now);

  CHECK_EQUAL(s->started, now);
  CAF_CHECK_EQUAL(s->url, "http://a:80");
  CAF_REQUIRE(s->urls);
  CAF_CHECK_EQUAL(s->urls->at(0), "http://a:80/api/v1/metrics");
  CAF_REQUIRE(s->labels);
  CHECK_EQUAL(*s->labels, t.labels);
  CAF_CHECK(!s->addresses);
  CAF_CHECK(s->replicas.empty());
  CAF_CHECK(s->guards.empty());
  CAF_CHECK(!s->collected);
}

CAF_TEST(the first snapshot has a state for each replica) {
  const auto s =
      empty_snapshot(*target_of("replicas: [\"http://a\", \"http://b\"]"), {});

  CAF_REQUIRE(s->addresses);
  CAF_CHECK_EQUAL(s->replicas.size(), 2u);
  CAF_CHECK_EQUAL(s->guards.size(), metrics::field_count);
}
