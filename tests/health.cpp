#define CAF_SUITE health

#include "tests/page_view.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::testing;

CAF_TEST_FIXTURE_SCOPE(health_tests, page_view)

CAF_TEST(health describes every target) {
  auto& s = *add();
  auto& good = s.endpoints[index(endpoint::metrics)];
  auto& bad = s.endpoints[index(endpoint::nodes_status)];
  good.last_result = metrics::quality::good;
  good.last_good = t0;
  good.last_good_wall = metrics::wall_time{1732290000100ms};
  bad.last_result = metrics::quality::bad;
  bad.last_failure = metrics::failure{metrics::reason::connect, "a \"b\"\n"};
  bad.breaker = metrics::breaker_state::half_open;
  bad.consecutive_failures = 6;

  const auto h = health(t0 + 3s);

  CHECK_EQUAL(h.at("status"), "healthy");
  CHECK_EQUAL(h.at("version"), "1.2.3");
  CHECK_EQUAL(h.at("uptime_seconds"), 3.0);
  CHECK_EQUAL(h.at("targets_total"), 1);
  CHECK_EQUAL(h.at("targets_up"), 0);
  CHECK_EQUAL(h.at("targets_stale"), 1);
  const auto& t = h.at("targets").as_array().at(0).as_object();
  CAF_CHECK(t.at("name").is_null());
  CHECK_EQUAL(t.at("up"), false);
  CHECK_EQUAL(t.at("stale"), true);
  const auto& of_good = t.at("endpoints").at("metrics").as_object();
  CHECK_EQUAL(of_good.at("breaker"), "closed");
  CHECK_EQUAL(of_good.at("last_success"), 1732290000.1);
  CHECK_EQUAL(of_good.at("age_seconds"), 3.0);
  CAF_CHECK(of_good.at("last_error").is_null());
  const auto& of_bad = t.at("endpoints").at("nodes_status").as_object();
  CHECK_EQUAL(of_bad.at("breaker"), "half_open");
  CHECK_EQUAL(of_bad.at("consecutive_failures"), 6);
  CAF_CHECK(of_bad.at("last_success").is_null());
  CAF_CHECK(of_bad.at("age_seconds").is_null());
  CHECK_EQUAL(of_bad.at("last_error"), "a \"b\"\n");
}

CAF_TEST(health counts the targets that are up and those that are stale) {
  auto& up = *add("a");
  for (auto& e : up.endpoints) {
    e.last_result = metrics::quality::good;
    e.last_good = t0;
  }
  add("b");

  const auto young = health(t0 + 35s);
  const auto old = health(t0 + 35s + 1ns);

  CHECK_EQUAL(young.at("targets_up"), 1);
  CHECK_EQUAL(young.at("targets_stale"), 0);
  CHECK_EQUAL(old.at("targets_up"), 1);
  CHECK_EQUAL(old.at("targets_stale"), 2);
}

CAF_TEST(health shows the state of a target and of its endpoints) {
  auto& s = *add();
  const auto state = [&](metrics::time_point now, const char* of = nullptr) {
    const auto h = health(now);
    const auto& t = h.at("targets").at(0);
    return std::string{
        (of ? t.at("endpoints").at(of).at("state") : t.at("state"))
            .as_string()};
  };
  CAF_CHECK_EQUAL(state(t0), "waiting");
  CAF_CHECK_EQUAL(state(t0, "metrics"), "waiting");

  s.collected = true;
  s.endpoints[0].last_result = metrics::quality::bad;
  CAF_CHECK_EQUAL(state(t0), "down");
  CAF_CHECK_EQUAL(state(t0, "metrics"), "down");

  for (auto& e : s.endpoints) {
    e.last_result = metrics::quality::good;
    e.last_good = t0;
  }
  CAF_CHECK_EQUAL(state(t0), "up");
  CAF_CHECK_EQUAL(state(t0, "metrics"), "up");
  CAF_CHECK_EQUAL(state(t0 + 36s), "stale");
  CAF_CHECK_EQUAL(state(t0 + 36s, "metrics"), "stale");
}

CAF_TEST(health says where and since when an endpoint fails) {
  auto& s = *add_failing("a", 5s);
  s.urls = std::make_shared<const metrics::endpoint_urls>(
      metrics::endpoint_urls{"http://a/m", "http://a/n", "http://a/s"});
  s.endpoints[0].breaker_since = wall0 - 1h;

  const auto h = health(t0 + 20s);

  const auto& endpoints = h.at("targets").at(0).at("endpoints");
  const auto& failing = endpoints.at("metrics").as_object();
  CHECK_EQUAL(failing.at("url"), "http://a/m");
  CHECK_EQUAL(failing.at("state"), "down");
  CHECK_EQUAL(failing.at("breaker_since"), 1732286400.0);
  CHECK_EQUAL(failing.at("failing_since"), 1732290005.0);
  CHECK_EQUAL(failing.at("last_error"), "Connection refused");
  CHECK_EQUAL(failing.at("last_error_at"), 1732290005.0);
  const auto& good = endpoints.at("network_stats").as_object();
  CHECK_EQUAL(good.at("url"), "http://a/s");
  CAF_CHECK(good.at("failing_since").is_null());
  CAF_CHECK(good.at("last_error_at").is_null());
}

CAF_TEST(health names the replica that answered last) {
  auto& s = *add("a");
  make_replicated(s);
  s.replicas = {{t0 + 30s, 1}, {}};
  s.endpoints[0].answered_by = 1;

  const auto h = health(t0);

  const auto& target = h.at("targets").at(0).as_object();
  const auto& endpoints = target.at("endpoints");
  CHECK_EQUAL(endpoints.at("metrics").at("url"), "http://b/m");
  CHECK_EQUAL(endpoints.at("metrics").at("replica"), "http://b");
  CHECK_EQUAL(endpoints.at("nodes_status").at("url"), "http://a/n");
  CAF_CHECK(endpoints.at("nodes_status").at("replica").is_null());
  const auto& replicas = target.at("replicas").as_array();
  CAF_REQUIRE_EQUAL(replicas.size(), 2u);
  CHECK_EQUAL(replicas[0].at("url"), "http://a");
  CHECK_EQUAL(replicas[0].at("up"), false);
  CHECK_EQUAL(replicas[1].at("up"), true);
}

CAF_TEST(only a target with replicas tells of them) {
  add("a");

  const auto h = health(t0);

  const auto& target = h.at("targets").at(0).as_object();
  CAF_CHECK(!target.contains("replicas"));
  CAF_CHECK(
      !target.at("endpoints").at("metrics").as_object().contains("replica"));
}

CAF_TEST(times are null before the first event) {
  add();

  const auto h = health(t0);

  const auto& e = h.at("targets").at(0).at("endpoints").at("metrics");
  for (const auto* key : {"last_success", "age_seconds", "breaker_since",
                          "failing_since", "last_error", "last_error_at"})
    CAF_CHECK(e.at(key).is_null());
}

CAF_TEST(health shows the values that the metrics show) {
  auto& s = *add_good();
  const auto set = [&](metrics::field f, double value) {
    s.fields[index(f)] = {value, t0};
  };
  set(metrics::field::packets_processed, 9007199254740991.0);
  set(metrics::field::avg_latency_ms, 45.25);
  set(metrics::field::bytes_transmitted, 1e300);
  set(metrics::field::bytes_received, 0x1p64); // the first beyond 64 bits
  set(metrics::field::total_nodes, 0);

  const auto body = pages::health(at(t0)).body;
  const auto later = health(t0 + 1h);

  for (const std::string part :
       {"\"packets_processed\":9007199254740991,", "\"avg_latency_ms\":45.25",
        "\"total_nodes\":0,", "\"active_nodes\":null,"})
    if (body.find(part) == body.npos)
      CAF_FAIL("missing: " << part);
  const auto values = health(t0).at("targets").at(0).at("values");
  CAF_CHECK_EQUAL(values.at("bytes_transmitted").to_number<double>(), 1e300);
  CAF_CHECK_EQUAL(values.at("bytes_received").to_number<double>(), 0x1p64);
  CAF_CHECK(later.at("targets").at(0).at("values").at("total_nodes").is_null());
}

CAF_TEST(numbers have no exponent and at most six digits behind the point) {
  add_good();

  const auto body = pages::health(at(t0 + 4688432157ns)).body;

  CHECK_CONTAINS(body, "\"uptime_seconds\":4.688432,");
  CHECK_CONTAINS(body, "\"last_success\":1732290000.0,");
}

CAF_TEST(recent polls are listed without empty entries) {
  auto& s = *add();
  s.endpoints[0].recent.back() = {metrics::quality::partial, 4};

  const auto h = health(t0);

  const auto& polls = h.at("targets")
                          .at(0)
                          .at("endpoints")
                          .at("metrics")
                          .at("recent_polls")
                          .as_array();
  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CHECK_EQUAL(polls[0].at("result"), "partial");
  CHECK_EQUAL(polls[0].at("attempts"), 4);
}

CAF_TEST(health can be asked for one target) {
  add("a");
  add("b");

  target = "b";
  const auto one = health(t0);
  target = "c";
  const auto unknown = pages::health(at(t0));

  CHECK_EQUAL(one.at("targets_total"), 2);
  CAF_REQUIRE_EQUAL(one.at("targets").as_array().size(), 1u);
  CHECK_EQUAL(one.at("targets").at(0).at("name"), "b");
  CAF_CHECK_EQUAL(unknown.status, 404);
}

CAF_TEST(health lists at most a hundred targets) {
  for (int i = 0; i < 100; ++i)
    add(std::to_string(i));
  CAF_CHECK_EQUAL(health(t0).at("targets").as_array().size(), 100u);

  add("more");
  CAF_CHECK(!health(t0).contains("targets"));
  CHECK_EQUAL(health(t0).at("targets_total"), 101);
  target = "more";
  CAF_CHECK_EQUAL(health(t0).at("targets").as_array().size(), 1u);
}

CAF_TEST(health depends on the collection loop and not on upstreams) {
  auto& s = *add();
  s.endpoints[0].breaker = metrics::breaker_state::open;
  s.next_tick = t0;

  const auto just_in_time = at(t0 + 30s);
  const auto overdue = at(t0 + 30s + 1ns);

  CAF_CHECK_EQUAL(pages::health(just_in_time).status, 200);
  CAF_CHECK_EQUAL(pages::healthy(just_in_time).status, 200);
  CAF_CHECK_EQUAL(pages::healthy(just_in_time).body, "Healthy\n");
  CAF_CHECK_EQUAL(pages::health(overdue).status, 503);
  CHECK_EQUAL(health(t0 + 30s + 1ns).at("status"), "unhealthy");
  CAF_CHECK_EQUAL(pages::healthy(overdue).status, 503);
  CAF_CHECK_EQUAL(pages::healthy(overdue).body, "A collection is overdue.\n");
}

CAF_TEST(an exporter without targets is healthy) {
  CHECK_EQUAL(health(t0).at("status"), "healthy");
  CAF_CHECK_EQUAL(pages::healthy(at(t0)).status, 200);
}

CAF_TEST(without a login health shows only the status) {
  auto& s = *add();
  detailed = false;
  CAF_CHECK_EQUAL(pages::health(at(t0)).body, "{\"status\":\"healthy\"}\n");

  target = "unknown";
  CAF_CHECK_EQUAL(pages::health(at(t0)).body, "{\"status\":\"healthy\"}\n");

  s.next_tick = t0 - 1h;
  CAF_CHECK_EQUAL(pages::health(at(t0)).body, "{\"status\":\"unhealthy\"}\n");
  CAF_CHECK_EQUAL(pages::health(at(t0)).status, 503);
}

CAF_TEST(ready follows the census) {
  CAF_CHECK_EQUAL(pages::ready(at(t0)).status, 503);

  all.ready = true;
  CAF_CHECK_EQUAL(pages::ready(at(t0)).status, 200);
}

CAF_TEST_FIXTURE_SCOPE_END()
