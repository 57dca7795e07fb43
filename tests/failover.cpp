#define CAF_SUITE failover

// Tests of replicas and adaptive timeouts with all actors together, on virtual
// time, with scripted replicas.

#include "tests/wired.hpp"

#include <map>

using namespace betanet;
using namespace betanet::testing;
using metrics::breaker_state;

namespace {

/// A replica whose answers the test sets.
struct replica {
  enum behaviour { good, refusing, mute, slow };
  behaviour does = good;
  double processed = 5000; ///< The total in its answers.
  std::array<std::vector<metrics::duration>, 3> requests; ///< Arrival times.
  std::vector<metrics::duration> limits; ///< For requests on fresh connections.

  std::size_t count() const {
    return requests[0].size() + requests[1].size() + requests[2].size();
  }
};

struct failover_fixture : wired_fixture {
  transport connect(const config::target& t, endpoint e) override {
    return [this, host = t.url.host, i = index(e), e](auto limits, auto done) {
      auto& one = replicas[host];
      one.requests[i].push_back(now() - t0);
      one.limits.push_back(limits.kept);
      overlapping += in_flight[i]++ > 0;
      const auto finish = [this, i, done](const net::outcome& o) {
        --in_flight[i];
        done(o);
      };
      switch (one.does) {
      case replica::good:
        return finish(ok(body(one, e)));
      case replica::slow:
        return later(100ms, [=, this, &one] { finish(ok(body(one, e))); });
      case replica::refusing:
        return finish(refused());
      case replica::mute:
        later(limits.fresh, [finish] {
          finish(net::error{net::errc::timeout, "timed out"});
        });
      }
    };
  }

  static std::string body(const replica& r, endpoint e) {
    return e == endpoint::metrics
               ? "{\"packets_processed\": " + std::to_string(r.processed) +
                     ", \"packets_dropped\": 1}"
               : good_body(e);
  }

  static config::settings configured(const std::string& more = {}) {
    return config::parse_yaml(
        "targets: [{name: eu, replicas: [\"http://a\", \"http://b\"]" + more +
            "}]",
        "f");
  }

  std::string sample(const std::string& series) {
    const auto text = page();
    const auto at = text.find("\n" + series + " ");
    if (at == text.npos)
      return "absent";
    const auto begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  std::string up(const std::string& host) {
    return sample(
        "betanet_exporter_replica_up{target=\"eu\",replica=\"http://" + host +
        ":80\"}");
  }

  breaker_state breaker(endpoint e) {
    return snapshot("eu")->endpoints[index(e)].breaker;
  }

  std::map<std::string, replica> replicas; ///< By host.
  replica &a = replicas["a"], &b = replicas["b"];
  std::array<int, 3> in_flight{};
  int overlapping = 0; ///< Requests of an endpoint while one was running.
};

using times = std::vector<metrics::duration>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(failover_tests, failover_fixture)

CAF_TEST(the first replica gets every request while it is well) {
  start(configured());
  advance(60s);

  CAF_CHECK_EQUAL(a.count(), 15u);
  CAF_CHECK_EQUAL(b.count(), 0u);
  CAF_CHECK_EQUAL(up("a"), "1");
  CAF_CHECK_EQUAL(sample("betanet_exporter_replica_requests_total{target=\"eu\""
                         ",replica=\"http://a:80\"}"),
                  "15");
  CAF_CHECK_EQUAL(sample("betanet_exporter_replica_requests_total{target=\"eu\""
                         ",replica=\"http://b:80\"}"),
                  "0");
  CAF_CHECK_EQUAL(sample("betanet_exporter_counter_holds_total{target=\"eu\"}"),
                  "0");
}

CAF_TEST(a poll fails over without a delay and the replica rests) {
  a.does = replica::refusing;
  start(configured());

  CHECK_EQUAL(b.requests[0], (times{0s}));
  CAF_CHECK_EQUAL(sample("betanet_up{target=\"eu\"}"), "1");
  CAF_CHECK_EQUAL(up("a"), "0");
  CAF_CHECK_EQUAL(up("b"), "1");
  CHECK_EQUAL(snapshot("eu")->endpoints[0].answered_by, 1u);

  advance(30s - 1ns);
  CHECK_EQUAL(a.requests[0], (times{0s}));
  CHECK_EQUAL(b.requests[0], (times{0s, 15s}));
  CAF_CHECK_EQUAL(up("a"), "0");

  a.does = replica::good;
  advance(1ns);
  CAF_CHECK_EQUAL(up("a"), "1"); // time alone ends the rest
  CHECK_EQUAL(a.requests[0], (times{0s, 30s}));
  CHECK_EQUAL(snapshot("eu")->endpoints[0].answered_by, 0u);
  CAF_CHECK_EQUAL(overlapping, 0);
}

CAF_TEST(with all replicas down the delays count and the breaker opens) {
  a.does = b.does = replica::refusing;
  start(configured());
  advance(6s);

  CHECK_EQUAL(a.requests[0], (times{0s, 2s}));
  CHECK_EQUAL(b.requests[0], (times{0s, 6s}));
  CAF_CHECK_EQUAL(sample("betanet_up{target=\"eu\"}"), "0");

  advance(60s);
  CHECK_EQUAL(breaker(endpoint::metrics), breaker_state::open);
  const auto before = a.count() + b.count();

  advance(30s - 1ns);
  CAF_CHECK_EQUAL(a.count() + b.count(), before);
  advance(1ns); // three probes of one attempt each
  CAF_CHECK_EQUAL(a.count() + b.count(), before + 3);
  CHECK_EQUAL(breaker(endpoint::metrics), breaker_state::open);

  b.does = replica::good;
  advance(60s);
  CHECK_EQUAL(breaker(endpoint::metrics), breaker_state::closed);
  CAF_CHECK_EQUAL(sample("betanet_up{target=\"eu\"}"), "1");
  CAF_CHECK_EQUAL(overlapping, 0);
}

CAF_TEST(round robin keeps the endpoints of a tick on one replica) {
  start(configured(", balance: round_robin"));
  advance(60s - 1ns);

  for (std::size_t i = 0; i < 3; ++i) {
    CHECK_EQUAL(b.requests[i], (times{0s, 30s})); // ticks 1 and 3
    CHECK_EQUAL(a.requests[i], (times{15s, 45s}));
  }
}

CAF_TEST(polls that outlast the interval never overlap) {
  a.does = b.does = replica::mute;
  start(configured(", balance: round_robin"));
  advance(5min);

  CAF_CHECK_LESS(10u, a.count());
  CAF_CHECK_EQUAL(overlapping, 0);
}

CAF_TEST(a counter of a lagging replica is held and counted) {
  start(configured());
  const std::string family = "betanet_packets_processed_total{target=\"eu\"}";
  CAF_CHECK_EQUAL(sample(family), "5000");

  a.does = replica::refusing;
  b.processed = 4990;
  advance(15s);
  CAF_CHECK_EQUAL(sample(family), "5000");
  CAF_CHECK_EQUAL(sample("betanet_exporter_counter_holds_total{target=\"eu\"}"),
                  "1");

  b.processed = 5010;
  advance(15s);
  CAF_CHECK_EQUAL(sample(family), "5010");
  CAF_CHECK_EQUAL(sample("betanet_exporter_counter_holds_total{target=\"eu\"}"),
                  "1");
}

CAF_TEST(a dead replica is told once until it has answered) {
  a.does = replica::refusing;
  start(configured());
  advance(10min);

  const std::string line = "WARN msg=\"Attempt 1 failed: HTTP request failed: "
                           "Connection refused, retrying in 0s\"";
  CAF_CHECK_EQUAL(logged.count(line), 1u);
  CAF_CHECK_EQUAL(logged.count("WARN"), 1u);
  CAF_CHECK_EQUAL(logged.count("ERROR"), 0u);
  CAF_CHECK_LESS(10u, logged.count("DEBUG msg=\"Attempt 1 failed"));

  a.does = replica::good;
  advance(1min);
  a.does = replica::refusing;
  advance(1min);
  CAF_CHECK_EQUAL(logged.count(line), 2u);
}

CAF_TEST(log lines name the replica that failed) {
  a.does = b.does = replica::refusing;
  start(configured(", retry: {delays: []}"));

  CAF_CHECK_LESS(0u, logged.count("Attempt 1 failed: HTTP request failed: "
                                  "Connection refused, retrying in 0s\" "
                                  "target=eu endpoint=metrics reason=connect "
                                  "url=http://a:80/api/v1/metrics"));
  CAF_CHECK_EQUAL(logged.count("All retries failed: Connection refused\" "
                               "target=eu endpoint=metrics reason=connect "
                               "url=http://b:80/api/v1/metrics"),
                  1u);
}

CAF_TEST(a reload with the same replicas keeps state and other URLs do not ) {
  a.does = replica::refusing;
  start(configured());
  advance(20s);
  const auto requests = [this] {
    return sample("betanet_exporter_replica_requests_total{target=\"eu\","
                  "replica=\"http://b:80\"}");
  };
  CAF_CHECK_EQUAL(requests(), "6");

  reload(configured(", balance: round_robin"));
  CAF_CHECK_EQUAL(up("a"), "0");
  CAF_CHECK_EQUAL(requests(), "6");
  CAF_CHECK_EQUAL(logged.count("changed=eu"), 1u);

  const auto former = page();
  reload(config::parse_yaml(
      "targets: [{name: eu, replicas: [\"http://b\", \"http://c\"]}]", "f"));
  CAF_CHECK_EQUAL(fallen(former, page()).value_or("none"), "none");
  CAF_CHECK_EQUAL(logged.count("added=eu removed=eu"), 1u);
  CAF_CHECK_EQUAL(up("a"), "absent");
  CAF_CHECK_EQUAL(requests(), "9"); // with the polls of the new target
}

CAF_TEST(an adaptive timeout is learned and shown) {
  const std::string family = "betanet_exporter_request_timeout_seconds{target="
                             "\"eu\",endpoint=\"metrics\"}";
  a.does = replica::slow;
  start(configured(", collection: {timeout_mode: adaptive}"));
  CAF_CHECK_EQUAL(sample(family), "5");

  advance(20 * 15s);
  CAF_CHECK_EQUAL(sample(family), "0.5");
  CHECK_EQUAL(a.limits.back(), 500ms);

  a.does = replica::mute;
  advance(15s + 1250ms);
  CHECK_EQUAL(a.limits.back(), 500ms);
  CAF_CHECK_EQUAL(sample(family), "5"); // b is asked next, and is not known
  CAF_CHECK_EQUAL(up("a"), "0");
}

CAF_TEST(the timeout that is shown is that of the replica asked next) {
  const std::string family = "betanet_exporter_request_timeout_seconds{target="
                             "\"eu\",endpoint=\"metrics\"}";
  a.does = replica::slow;
  b.does = replicas["c"].does = replica::mute; // nothing is learned of them
  start(config::parse_yaml(
      "targets: [{name: eu, replicas: [\"http://a\", \"http://b\", "
      "\"http://c\"], balance: round_robin, collection: {"
      "timeout_mode: adaptive}, circuit_breaker: {open_duration: 50ms}}]",
      "f"));
  advance(60 * 15s + 11s);

  for (int i = 0; i < 6; ++i) {
    const auto shown = sample(family);
    advance(15s);

    const bool a_was_first = a.requests[0].back() % 15s == 0s;
    CAF_CHECK_EQUAL(a_was_first, i % 3 == 1);
    CAF_CHECK_EQUAL(shown, a_was_first ? "0.5" : "5");
  }
}

CAF_TEST(other timeouts of a reload forget what was learned) {
  const auto settings = [](const std::string& keys) {
    return configured(", collection: {timeout_mode: adaptive, " + keys + "}");
  };
  a.does = replica::slow;
  start(settings("timeout: 5s"));
  advance(20 * 15s);

  reload(settings("timeout: 5s, max_body_bytes: 2048"));
  CAF_CHECK_EQUAL(logged.count("changed=eu"), 1u);
  advance(15s);
  CHECK_EQUAL(a.limits.back(), 500ms);

  reload(settings("timeout: 4s"));
  advance(15s);
  CHECK_EQUAL(a.limits.back(), 4s);
}

CAF_TEST(a target without replicas has no families of replicas) {
  start(config::parse_yaml("targets: [{name: eu, url: \"http://a\"}]", "f"));

  CHECK_NOT_CONTAINS(page(), "replica");
  CHECK_NOT_CONTAINS(page(), "counter_holds");
  CHECK_NOT_CONTAINS(page(), "request_timeout_seconds");
}

CAF_TEST(compact pages sum the counters of replicas over the targets) {
  detail = metrics::detail::compact;
  const std::string urls = "replicas: [\"http://a\", \"http://b\"]";
  const auto two = config::parse_yaml(
      "targets: [{name: eu, " + urls + "}, {name: us, " + urls + "}]", "f");
  start(two);
  advance(1s);

  CAF_CHECK_EQUAL(
      sample(
          "betanet_exporter_replica_requests_total{replica=\"http://a:80\"}"),
      "6");
  CAF_CHECK_EQUAL(sample("betanet_exporter_counter_holds_total"), "0");
  CAF_CHECK_EQUAL(up("a"), "1");

  const auto former = page();
  reload(config::parse_yaml("targets: []", "f"));
  CAF_CHECK_EQUAL(fallen(former, page()).value_or("none"), "none");
  CAF_CHECK_EQUAL(
      sample(
          "betanet_exporter_replica_requests_total{replica=\"http://a:80\"}"),
      "6");
}

CAF_TEST_FIXTURE_SCOPE_END()
