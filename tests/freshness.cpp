#define CAF_SUITE freshness

#include "metrics/freshness.hpp"

#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};
constexpr auto nodes = endpoint::nodes_status;

/// A snapshot to which tests apply polls of the endpoint nodes_status.
struct fixture {
  snapshot s{
      {15s, 5s, 10s, 5min, parse_fallback::last_known},
      std::make_shared<const std::vector<double>>(std::vector{0.05, 0.1}),
      t0};

  void finish(endpoint e, poll p, time_point at) {
    auto& status = s.endpoints[index(e)];
    status.last_result = p.result;
    status.last_failure = p.failure;
    if (p.result == quality::good) {
      status.last_good = at;
      status.refused = false;
    }
    s.apply(e, p, at);
  }

  static poll read(std::optional<double> total, std::optional<double> active) {
    poll p;
    p.values[index(field::total_nodes)] = total;
    p.values[index(field::active_nodes)] = active;
    p.values[index(field::inactive_nodes)] = 2;
    p.result = total && active ? quality::good : quality::partial;
    if (p.result == quality::partial)
      p.failure = failure{reason::schema, ""};
    return p;
  }

  static poll failed(reason why) {
    poll p;
    p.failure = failure{why, ""};
    return p;
  }

  void good(time_point at) { finish(nodes, read(7, 5), at); }
  void fail(reason why, time_point at) { finish(nodes, failed(why), at); }

  /// What a page shows for a family of Betanet's values.
  std::optional<double> shown(std::string_view family, time_point at) const {
    for (const auto& row : family_table)
      if (row.name == "betanet_" + std::string{family})
        return visible(s, row, at);
    throw std::invalid_argument("no such family");
  }

  std::optional<double> total(time_point at) const {
    return shown("connected_peers", at);
  }

  /// The families that a page shows, in its order.
  std::vector<std::string> all_shown(time_point at) const {
    std::vector<std::string> names;
    for (const auto& row : family_table)
      if (visible(s, row, at))
        names.emplace_back(row.name + std::string_view{"betanet_"}.size());
    return names;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(freshness_tests, fixture)

CAF_TEST(before the first poll nothing is shown and nothing is stale) {
  CAF_CHECK(!total(t0));
  CAF_CHECK(!stale(s, nodes, t0 + 35s));
  CAF_CHECK(stale(s, nodes, t0 + 35s + 1ns));
  CAF_CHECK(!up(s));
  CHECK_EQUAL(look_up(s, t0), lookup::miss);
}

CAF_TEST(a good poll is shown and fresh for less than the ttl) {
  for (const auto e : all_endpoints)
    s.endpoints[index(e)].last_good = t0;
  good(t0);

  CHECK_EQUAL(total(t0), 7.0);
  CHECK_EQUAL(look_up(s, t0 + 10s - 1ns), lookup::fresh);
  CHECK_EQUAL(look_up(s, t0 + 10s), lookup::expired);
  CAF_CHECK(up(s, nodes));
  CAF_CHECK(!up(s));
}

CAF_TEST(a healthy endpoint older than the ttl is not stale) {
  good(t0);

  CAF_CHECK(!stale(s, nodes, t0 + 15s));
  CHECK_EQUAL(total(t0 + 35s), 7.0);
}

CAF_TEST(an endpoint older than two intervals and a timeout is stale) {
  good(t0);

  CAF_CHECK(!stale(s, nodes, t0 + 35s));
  CAF_CHECK(stale(s, nodes, t0 + 35s + 1ns));
}

CAF_TEST(a poll that is not good makes an endpoint stale at once) {
  for (const auto why : {reason::connect, reason::json, reason::local}) {
    good(t0);
    fail(why, t0 + 15s);

    CAF_CHECK(stale(s, nodes, t0 + 15s));
    CAF_CHECK(!up(s, nodes));
    CHECK_EQUAL(total(t0 + 15s), 7.0);
  }
}

CAF_TEST(a refused tick makes an endpoint stale until the next good poll) {
  good(t0);
  s.endpoints[index(nodes)].refused = true;
  CAF_CHECK(stale(s, nodes, t0 + 1s));

  good(t0 + 2s);
  CAF_CHECK(!stale(s, nodes, t0 + 2s));
}

CAF_TEST(values of a failing endpoint disappear after max_stale) {
  good(t0);
  fail(reason::timeout, t0 + 20s);

  CHECK_EQUAL(total(t0 + 5min), 7.0);
  CAF_CHECK(!total(t0 + 5min + 1ns));
  CHECK_EQUAL(look_up(s, t0 + 5min + 1ns), lookup::miss);

  good(t0 + 6min);
  CHECK_EQUAL(total(t0 + 6min), 7.0);
}

CAF_TEST(with max_stale 0 values disappear at the first failed poll) {
  s.rules.max_stale = 0s;
  good(t0);
  CHECK_EQUAL(total(t0 + 15s), 7.0);

  fail(reason::timeout, t0 + 15s);
  CAF_CHECK(!total(t0 + 15s));
}

CAF_TEST(with max_stale forever values never disappear) {
  s.rules.max_stale.reset();
  good(t0);
  fail(reason::timeout, t0 + 15s);

  CHECK_EQUAL(total(t0 + 24h * 365), 7.0);
}

CAF_TEST(a partial poll renews only the fields that it read) {
  good(t0);

  finish(nodes, read(std::nullopt, 6), t0 + 15s);

  CHECK_EQUAL(total(t0 + 15s), 7.0);
  CHECK_EQUAL(visible(s, field::active_nodes, t0 + 15s), 6.0);
  CAF_CHECK(!total(t0 + 5min + 1ns));
  CHECK_EQUAL(visible(s, field::active_nodes, t0 + 5min + 1ns), 6.0);
}

CAF_TEST(last_known shows nothing for a field never read) {
  for (const auto why : {reason::connect, reason::json, reason::schema}) {
    for (const auto e : all_endpoints)
      finish(e, failed(why), t0);
    CHECK_EQUAL(all_shown(t0), std::vector<std::string>{});
    CHECK_EQUAL(look_up(s, t0), lookup::miss);
  }

  finish(nodes, read(std::nullopt, 6), t0 + 15s);

  CHECK_EQUAL(all_shown(t0 + 15s),
              (std::vector<std::string>{"mixnode_active", "mixnode_inactive"}));
}

CAF_TEST(last_known shows the last value until max_stale) {
  good(t0);
  finish(nodes, read(std::nullopt, 6), t0 + 15s);
  CHECK_EQUAL(total(t0 + 15s), 7.0);

  fail(reason::json, t0 + 30s);

  CHECK_EQUAL(total(t0 + 5min), 7.0);
  CAF_CHECK(!total(t0 + 5min + 1ns));
}

CAF_TEST(with max_stale 0 nothing is left of a poll that is not good) {
  s.rules.max_stale = 0s;
  for (const auto why : {reason::json, reason::http_4xx, reason::local}) {
    good(t0);
    fail(why, t0 + 15s);
    CHECK_EQUAL(all_shown(t0 + 15s), std::vector<std::string>{});
  }
  good(t0);

  finish(nodes, read(std::nullopt, 6), t0 + 15s);

  CHECK_EQUAL(all_shown(t0 + 15s + 1ns), std::vector<std::string>{});
}

CAF_TEST(default shows 0 while answers lack a gauge) {
  s.rules.fallback = parse_fallback::default_value;
  good(t0);
  finish(nodes, read(std::nullopt, 6), t0 + 15s);
  CHECK_EQUAL(total(t0 + 15s), 0.0);

  fail(reason::timeout, t0 + 30s);
  CAF_CHECK(!total(t0 + 30s)); // neither 0 nor the previous value

  good(t0 + 45s);
  CHECK_EQUAL(total(t0 + 45s), 7.0);
}

CAF_TEST(default shows gauges as 0 and omits counters and the histogram) {
  s.rules.fallback = parse_fallback::default_value;
  for (const auto e : all_endpoints)
    finish(e, failed(reason::json), t0);

  const auto all = all_shown(t0);

  CHECK_EQUAL(all, (std::vector<std::string>{
                       "connected_peers", "mixnode_active", "mixnode_inactive",
                       "peak_throughput", "message_latency_average_seconds"}));
  for (const auto& family : all)
    CHECK_EQUAL(shown(family, t0), 0.0);
  CAF_CHECK(!visible(s, field::total_nodes, t0)); // 0 was not read
  CHECK_EQUAL(look_up(s, t0), lookup::expired);
}

CAF_TEST(no fallback creates a value after a transport failure) {
  for (const auto f : {parse_fallback::last_known,
                       parse_fallback::default_value, parse_fallback::omit})
    for (const auto why : {reason::timeout, reason::http_2xx, reason::http_5xx,
                           reason::auth, reason::protocol, reason::local}) {
      s.rules.fallback = f;
      for (const auto e : all_endpoints)
        finish(e, failed(why), t0);
      CHECK_EQUAL(all_shown(t0), std::vector<std::string>{});

      finish(nodes, failed(reason::json), t0 + 15s);
      finish(nodes, failed(why), t0 + 30s);
      CHECK_EQUAL(all_shown(t0 + 30s), std::vector<std::string>{});
      s = fixture{}.s;
    }
}

CAF_TEST(omit omits a bad field at once) {
  s.rules.fallback = parse_fallback::omit;
  good(t0);
  finish(nodes, read(std::nullopt, 6), t0 + 15s);
  CAF_CHECK(!total(t0 + 15s));
  CHECK_EQUAL(visible(s, field::active_nodes, t0 + 15s), 6.0);

  fail(reason::timeout, t0 + 30s);
  CAF_CHECK(!total(t0 + 30s));
}

CAF_TEST(an optional field that is not sent any more is absent at once) {
  good(t0);
  CHECK_EQUAL(visible(s, field::inactive_nodes, t0), 2.0);

  auto p = read(7, 5);
  p.values[index(field::inactive_nodes)].reset();
  finish(nodes, p, t0 + 15s);

  CAF_CHECK(!visible(s, field::inactive_nodes, t0 + 15s));
  CHECK_EQUAL(total(t0 + 15s), 7.0);
}

CAF_TEST(an optional field that is never sent is absent with any fallback) {
  for (const auto f : {parse_fallback::last_known,
                       parse_fallback::default_value, parse_fallback::omit}) {
    s.rules.fallback = f;
    for (const auto& active : {std::optional{5.0}, std::optional<double>{}}) {
      auto p = read(7, active);
      p.values[index(field::inactive_nodes)].reset();
      finish(nodes, p, t0);
      CAF_CHECK(!shown("mixnode_inactive", t0));
    }
  }
}

CAF_TEST(the average latency is shown while the histogram is) {
  poll p;
  p.result = quality::good;
  p.values[index(field::avg_latency_ms)] = 45;

  finish(endpoint::network_stats, p, t0);

  CHECK_EQUAL(all_shown(t0),
              (std::vector<std::string>{"message_latency_average_seconds",
                                        "message_latency_seconds"}));
  CHECK_EQUAL(all_shown(t0 + 6min), std::vector<std::string>{});
}

CAF_TEST(an optional field that is wrong keeps its last value) {
  good(t0);

  auto p = read(7, 5);
  p.result = quality::partial;
  p.failure = failure{reason::schema, ""};
  p.values[index(field::inactive_nodes)].reset();
  p.unusable.set(index(field::inactive_nodes));
  finish(nodes, p, t0 + 15s);
  fail(reason::json, t0 + 30s);

  CHECK_EQUAL(visible(s, field::inactive_nodes, t0 + 30s), 2.0);
}

CAF_TEST(a transport failure marks no field as bad with any fallback) {
  for (const auto f : {parse_fallback::last_known,
                       parse_fallback::default_value, parse_fallback::omit}) {
    s.rules.fallback = f;
    good(t0);
    fail(reason::timeout, t0 + 15s);
    CHECK_EQUAL(total(t0 + 15s), 7.0);
  }
}

CAF_TEST(without a visible value a lookup is a miss even below the ttl) {
  s.rules.ttl = 1h;
  for (const auto e : all_endpoints)
    s.endpoints[index(e)].last_good = t0;
  good(t0);
  CHECK_EQUAL(look_up(s, t0 + 1min), lookup::fresh);

  fail(reason::connect, t0 + 1min);

  CHECK_EQUAL(look_up(s, t0 + 5min), lookup::fresh);
  CHECK_EQUAL(look_up(s, t0 + 5min + 1ns), lookup::miss);
}

CAF_TEST(a single visible value makes a lookup a hit) {
  for (std::size_t i = 0; i < field_count; ++i) {
    for (auto& f : s.fields)
      f.value.reset();
    s.fields[i].value = 1;
    s.fields[i].read_at = t0;
    CHECK_EQUAL(look_up(s, t0), lookup::expired);
  }
}

CAF_TEST(endpoints do not affect each other) {
  good(t0);

  finish(endpoint::metrics, failed(reason::connect), t0 + 15s);

  CAF_CHECK(!stale(s, nodes, t0 + 15s));
  CAF_CHECK(stale(s, endpoint::metrics, t0 + 15s));
  CHECK_EQUAL(total(t0 + 15s), 7.0);
}

CAF_TEST(a tick is overdue after two intervals and at least ten seconds) {
  s.next_tick = t0;
  CAF_CHECK(!overdue(s, t0 + 30s));
  CAF_CHECK(overdue(s, t0 + 30s + 1ns));

  s.rules.interval = 1s;
  CAF_CHECK(!overdue(s, t0 + 10s));
  CAF_CHECK(overdue(s, t0 + 10s + 1ns));
}

CAF_TEST_FIXTURE_SCOPE_END()
