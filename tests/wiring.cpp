#define CAF_SUITE wiring

// Tests of all actors together, on virtual time, with a scripted upstream and
// the default configuration.

#include "actors/aggregator.hpp"
#include "tests/wired.hpp"

#include <map>
#include <random>

using namespace betanet;
using namespace betanet::testing;
using metrics::breaker_state;

namespace {

/// A service whose answers the test sets.
struct upstream {
  enum behaviour { good, refusing, mute };
  std::array<behaviour, 3> does{good, good, good};
  std::array<std::string, 3> bodies;
  std::array<std::vector<metrics::duration>, 3> requests; ///< Arrival times.
  std::array<int, 3> in_flight{};
};

struct wiring_fixture : wired_fixture {
  wiring_fixture() {
    for (auto* s : {&services[""], &services["a"], &services["b"]})
      for (const auto e : all_endpoints)
        s->bodies[index(e)] = good_body(e);
  }

  transport connect(const config::target& t, endpoint e) override {
    return
        [this, &one = services[t.name], i = index(e)](auto timeout, auto done) {
          one.requests[i].push_back(now() - t0);
          CAF_REQUIRE_EQUAL(one.in_flight[i]++, 0); // requests never overlap
          const auto finish = [&one, i, done](const net::outcome& o) {
            --one.in_flight[i];
            done(o);
          };
          switch (one.does[i]) {
          case upstream::good:
            return finish(ok(one.bodies[i]));
          case upstream::refusing:
            return finish(refused());
          default:
            later(timeout.fresh, [finish] {
              finish(net::error{net::errc::timeout, "timed out after 5s"});
            });
          }
        };
  }

  void all(upstream::behaviour b) { service.does.fill(b); }

  bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  }

  breaker_state breaker(endpoint e) {
    return snapshot()->endpoints[index(e)].breaker;
  }

  bool all_in(breaker_state s) {
    return breaker(endpoint::metrics) == s &&
           breaker(endpoint::nodes_status) == s &&
           breaker(endpoint::network_stats) == s;
  }

  /// Reloads with other targets and checks that no counter falls.
  void check_counters_in_reloads() {
    const std::string a = "  - {name: a, url: \"http://a\"}\n",
                      b = "  - {name: b, url: \"http://b\"}\n",
                      moved = "  - {name: b, url: \"http://b/x\"}\n",
                      slower = "  - {name: a, url: \"http://a\","
                               " collection: {interval: 30s}}\n";
    const auto configured = [](const std::string& targets) {
      return config::parse_yaml("targets:\n" + targets, "");
    };
    start(configured(a + b));
    advance(1min);
    auto former = page();

    for (const auto& targets : {a + moved, a, slower, slower + b, moved, a}) {
      reload(configured(targets));
      for (const auto d : {0s, 1s, 59s}) {
        advance(d);
        const auto text = page();
        CAF_CHECK_EQUAL(fallen(former, text).value_or("none"), "none");
        former = text;
      }
    }
  }

  template <class State, class Impl>
  using actor_of = caf::stateful_actor<State, typename Impl::base>;
  using supervisor_type = actor_of<supervisor_state, supervisor_impl>;
  using fetcher_type = actor_of<fetcher_state, fetcher_impl>;
  using aggregator_type = actor_of<aggregator_state, aggregator_actor>;
  using cache_type = actor_of<cache_state, cache_impl>;

  std::map<std::string, upstream> services; ///< By the name of the target.
  upstream& service = services[""];
};

using times = std::vector<metrics::duration>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(wiring_tests, wiring_fixture)

CAF_TEST(scenario 1 the service runs) {
  start();
  auto text = page();
  for (const auto* line :
       {"# TYPE betanet_connected_peers gauge", "betanet_connected_peers 7",
        "# TYPE betanet_bytes_transmitted_total counter",
        "betanet_bytes_transmitted_total 1000000",
        "# TYPE betanet_packets_dropped_total counter",
        "betanet_packets_dropped_total 10",
        "# TYPE betanet_mixnode_active gauge", "betanet_mixnode_active 5",
        "# TYPE betanet_message_latency_seconds histogram",
        "betanet_message_latency_seconds_bucket{le=\"0.001\"} 0",
        "betanet_message_latency_seconds_bucket{le=\"0.05\"} 1",
        "betanet_message_latency_seconds_count 1", "betanet_up 1"})
    CAF_CHECK(has("\n" + text, line));

  advance(149s);
  text = page();
  CAF_CHECK(has(text, "betanet_message_latency_seconds_count 10"));
  CHECK_EQUAL(service.requests[0].back(), 135s);
  CAF_CHECK_EQUAL(logged.count("Updated metrics: nodes=7, connections=5, "
                               "throughput=1000000 bytes"),
                  10u);
  CAF_CHECK_EQUAL(logged.count("WARN") + logged.count("ERROR"), 0u);
}

CAF_TEST(scenario 2 the service is down from the start) {
  all(upstream::refusing);
  start();

  advance(66999ms);
  CAF_CHECK(all_in(breaker_state::closed));
  CHECK_EQUAL(service.requests[1],
              (times{0s, 1s, 3s, 7s, 15s, 16s, 18s, 22s, 30s, 31s, 33s, 37s,
                     45s, 46s, 48s, 52s, 60s, 61s, 63s}));

  advance(1ms); // 67 s
  CAF_CHECK(all_in(breaker_state::open));
  const auto text = page();
  CAF_CHECK(has(text, "betanet_up 0"));
  CHECK_NOT_CONTAINS(text, "betanet_connected_peers");
  CAF_CHECK(has(text, "betanet_exporter_requests_total{endpoint=\"metrics\"} "
                      "20"));
  CAF_CHECK(has(text, "betanet_exporter_retries_total{endpoint=\"metrics\"} "
                      "15"));

  advance(29999ms);
  CAF_CHECK_EQUAL(service.requests[1].size(), 20u); // none while open
  CAF_CHECK(has(page(), "betanet_exporter_circuit_breaker_rejections_total{"
                        "endpoint=\"metrics\"} 2"));
  CAF_CHECK(has(page(), "betanet_exporter_polls_skipped_total{endpoint="
                        "\"metrics\"} 0"));

  advance(1ms); // 97 s
  CHECK_EQUAL(service.requests[1].back(), 97s);
  CAF_CHECK_EQUAL(service.requests[1].size(), 21u); // one attempt
  CAF_CHECK(all_in(breaker_state::open));

  advance(30s);
  CHECK_EQUAL(service.requests[1].back(), 127s);

  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Failed to fetch Betanet metrics: "
                               "All retries failed: Connection refused\""),
                  3u);
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Attempt"), 9u);
  CAF_CHECK_EQUAL(logged.count("Circuit breaker: Opening circuit after 5 "
                               "failures"),
                  3u);
  CAF_CHECK_EQUAL(logged.count("Using stale cached data"), 0u);
}

CAF_TEST(scenario 3 the service recovers) {
  start();
  advance(1s);

  all(upstream::refusing);
  advance(81s); // polls fail at 22, 37, 52, 67 and 82 s
  CAF_CHECK(all_in(breaker_state::open));
  auto text = page();
  CAF_CHECK(has("\n" + text, "betanet_connected_peers 7"));
  CAF_CHECK(has(text, "betanet_exporter_stale{endpoint=\"metrics\"} 1"));
  CAF_CHECK(has(text, "betanet_message_latency_seconds_count 1"));
  CAF_CHECK(has(text, "betanet_up 0"));

  advance(10s);
  all(upstream::good);
  advance(20s - 1ms);
  CAF_CHECK(all_in(breaker_state::open));

  advance(1ms); // 112 s
  CAF_CHECK(all_in(breaker_state::closed));
  text = page();
  CAF_CHECK(has(text, "betanet_up 1"));
  CAF_CHECK(has(text, "betanet_exporter_stale{endpoint=\"metrics\"} 0"));
  CAF_CHECK(has(text, "betanet_message_latency_seconds_count 2"));
  for (const auto* line :
       {"Using stale cached data due to fetch failure",
        "Circuit breaker is OPEN - service may be degraded",
        "Circuit breaker: Attempting recovery, entering half-open state",
        "Circuit breaker: Service recovered, closing circuit"})
    CAF_CHECK_EQUAL(logged.count(line), 3u); // one for each endpoint

  advance(8s);
  CHECK_EQUAL(service.requests[0].back(), 120s);
}

CAF_TEST(an upstream that hangs is tried at 0 6 13 and 22 seconds) {
  all(upstream::mute);
  start();

  advance(27s);
  CHECK_EQUAL(service.requests[0], (times{0s, 6s, 13s, 22s}));

  advance(3s);
  CHECK_EQUAL(service.requests[0].back(), 30s);
  CAF_CHECK(has(page(), "betanet_exporter_polls_skipped_total{endpoint="
                        "\"metrics\"} 1"));
}

CAF_TEST(one hanging endpoint delays neither of the others) {
  service.does[1] = upstream::mute;
  start();

  advance(60s);

  CHECK_EQUAL(service.requests[0], (times{0s, 15s, 30s, 45s, 60s}));
  const auto text = page();
  CAF_CHECK(has(text, "betanet_bytes_transmitted_total 1000000"));
  CAF_CHECK(has(text, "betanet_exporter_endpoint_up{endpoint=\"metrics\"} 1"));
  CAF_CHECK(has(text, "betanet_exporter_endpoint_up{endpoint=\"nodes_status\"}"
                      " 0"));
  CAF_CHECK(has(text, "betanet_up 0"));
}

CAF_TEST(totals of the upstream appear as they are) {
  start();

  for (const auto* total : {"100", "100", "150", "20", "0", "21"}) {
    service.bodies[0] = "{\"packets_processed\": " + std::string{total} +
                        ", \"packets_dropped\": 0}";
    advance(15s);
    CAF_CHECK(
        has(page(), "betanet_packets_processed_total " + std::string{total}));
  }
}

CAF_TEST(stale values disappear five minutes after they were read) {
  start();
  advance(1s);

  all(upstream::refusing);
  advance(5min - 1s);
  CAF_CHECK(has("\n" + page(), "betanet_connected_peers 7"));

  advance(1ms);
  const auto text = page();
  CHECK_NOT_CONTAINS(text, "betanet_connected_peers");
  CAF_CHECK(has(text, "betanet_up 0"));
}

CAF_TEST(a day of ticks does not drift) {
  start();

  advance(24h);

  CAF_REQUIRE_EQUAL(service.requests[2].size(), 5761u);
  for (std::size_t n = 0; n < 5761; ++n)
    REQUIRE_EQUAL(service.requests[2][n], n * 15s);
}

CAF_TEST(during a long outage only probes are sent) {
  all(upstream::refusing);
  start();

  advance(24h);

  // 20 attempts until the breaker opens, then one probe every 30 s
  CAF_CHECK_LESS_OR_EQUAL(service.requests[0].size(), 20u + 24 * 60 * 2);
  CAF_CHECK_LESS_OR_EQUAL(logged.count("WARN") + logged.count("ERROR"),
                          3u * (24 * 12 + 10));
}

CAF_TEST(a probe that never answers is followed by another) {
  all(upstream::mute);
  start();

  advance(24h);

  // the probe takes 5 s, and the breaker stays open for 30 s
  const auto& asked = service.requests[0];
  CHECK_EQUAL(asked.back() - asked[asked.size() - 2], 35s);

  all(upstream::good);
  advance(35s);
  CAF_CHECK(all_in(breaker_state::closed));
}

CAF_TEST(a healthy day causes no warnings) {
  start();
  std::minstd_rand random{5};
  int expired = 0;

  for (int i = 0; i < 2000; ++i) {
    advance(std::chrono::milliseconds{random() % 60000});
    const auto text = page();
    CAF_REQUIRE(has(text, "betanet_up 1"));
    CAF_REQUIRE(!has(text, "betanet_exporter_stale{endpoint=\"metrics\"} 1"));
    expired += age(*snapshot(), endpoint::metrics, now()) >= 10s;
  }

  CAF_CHECK_GREATER(expired, 500); // during 5 of every 15 s
  CAF_CHECK_LESS(expired, 800);
  CAF_CHECK_EQUAL(logged.count("WARN") + logged.count("ERROR"), 0u);
}

CAF_TEST(each endpoint fails with its own reason) {
  service.bodies[2] = "{\"bytes_transmitted\": 1000000";
  service.does[1] = upstream::refusing;

  start();
  advance(10s);
  const auto text = page();

  for (const auto* line :
       {"betanet_packets_processed_total 5000",
        "betanet_exporter_endpoint_up{endpoint=\"metrics\"} 1",
        "betanet_exporter_endpoint_up{endpoint=\"nodes_status\"} 0",
        "betanet_exporter_endpoint_up{endpoint=\"network_stats\"} 0",
        "betanet_exporter_request_failures_total{endpoint=\"nodes_status\","
        "reason=\"connect\"} 4",
        "betanet_exporter_request_failures_total{endpoint=\"network_stats\","
        "reason=\"json\"} 1"})
    CAF_CHECK(has("\n" + text, line));
}

CAF_TEST(changes of the wall clock do not affect timers) {
  start();
  advance(1s);
  all(upstream::refusing);

  for (const auto leap : {-1h, 2h, -400000h}) {
    const auto before = service.requests[0].size();
    wall_leap = leap;
    advance(15s);
    CAF_CHECK_LESS(before, service.requests[0].size());
  }

  CHECK_EQUAL(service.requests[0],
              (times{0s, 15s, 16s, 18s, 22s, 30s, 31s, 33s, 37s, 45s, 46s}));
}

CAF_TEST(the number of messages in each mailbox is limited) {
  // At most one poll for each endpoint, with the messages about its attempt,
  // answer, pause and timeout.
  constexpr std::size_t fetcher_most = 4;
  // The start and the end of each attempt, a tick, and for each endpoint the
  // change to half-open.
  constexpr std::size_t supervisor_most = 10;
  std::array<std::size_t, 4> most{};
  start();
  const auto look = [&] {
    auto& s = deref<supervisor_type>(group());
    const auto size = [](auto& mailbox) -> std::size_t {
      if (mailbox.blocked())
        return 0;
      mailbox.fetch_more();
      return mailbox.size();
    };
    most[0] = std::max(most[0], size(s.mailbox()));
    for (const auto& e : s.state.endpoints)
      most[1] =
          std::max(most[1], size(deref<fetcher_type>(e.fetcher).mailbox()));
    most[2] = std::max(
        most[2], size(deref<aggregator_type>(s.state.aggregator).mailbox()));
    most[3] = std::max(most[3], size(deref<cache_type>(store).mailbox()));
  };
  std::minstd_rand random{7};

  for (int i = 0; i < 20000; ++i) {
    if (random() % 50 == 0)
      service.does[random() % 3] =
          static_cast<upstream::behaviour>(random() % 3);
    sched.clock().trigger_timeout();
    for (look(); sched.try_run_once(); look())
      ;
  }

  CAF_MESSAGE("supervisor " << most[0] << ", fetcher " << most[1]
                            << ", aggregator " << most[2] << ", cache "
                            << most[3]);
  CAF_CHECK_LESS_OR_EQUAL(most[0], supervisor_most);
  CAF_CHECK_LESS_OR_EQUAL(most[1], fetcher_most);
  // The aggregator and the cache get one update for each event of the
  // supervisor.
  CAF_CHECK_LESS_OR_EQUAL(most[2], supervisor_most);
  CAF_CHECK_LESS_OR_EQUAL(most[3], supervisor_most);
}

CAF_TEST(no counter of a target falls in a reload) {
  check_counters_in_reloads();
}

CAF_TEST(no sum over the targets falls in a reload) {
  detail = metrics::detail::compact;
  check_counters_in_reloads();
}

CAF_TEST(targets do not affect each other) {
  services["b"].bodies[1] =
      R"({"active_nodes": 1, "inactive_nodes": 2, "total_nodes": 3})";
  start(config::parse_yaml("targets:\n"
                           "  - {name: a, url: \"http://a\"}\n"
                           "  - {name: b, url: \"http://b\","
                           " collection: {interval: 30s}}\n",
                           ""));

  advance(40s); // a is ticked at 0, 20.5 and 35.5 s, b at 0 and 19 s

  const auto text = page();
  CAF_CHECK(has(text, "betanet_connected_peers{target=\"a\"} 7\n"
                      "betanet_connected_peers{target=\"b\"} 3"));
  CAF_CHECK(has(text, "betanet_exporter_requests_total{target=\"a\",endpoint="
                      "\"metrics\"} 3"));
  CAF_CHECK(has(text, "betanet_exporter_requests_total{target=\"b\",endpoint="
                      "\"metrics\"} 2"));
}

CAF_TEST_FIXTURE_SCOPE_END()
