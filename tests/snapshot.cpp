#define CAF_SUITE snapshot

#include "metrics/snapshot.hpp"

#include "metrics/parse.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};
constexpr auto latency = index(field::avg_latency_ms);
constexpr auto total = index(field::total_nodes);
constexpr auto inactive = index(field::inactive_nodes);

struct fixture {
  snapshot s{
      {15s, 5s, 10s, 5min, parse_fallback::last_known},
      std::make_shared<const std::vector<double>>(std::vector{0.05, 0.1}),
      t0};

  static poll read(std::size_t f, double value) {
    poll p;
    p.result = quality::partial;
    p.failure = failure{reason::schema, ""};
    p.values[f] = value;
    return p;
  }

  static poll failed(reason why) {
    poll p;
    p.failure = failure{why, ""};
    return p;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(snapshot_tests, fixture)

CAF_TEST(a value is kept with the time at which it was read) {
  s.apply(endpoint::nodes_status, read(total, 7), t0 + 1s);

  CHECK_EQUAL(s.fields[total].value, 7.0);
  CHECK_EQUAL(s.fields[total].read_at, t0 + 1s);
  CAF_CHECK(!s.fields[total].bad);
}

CAF_TEST(a required field that an answer lacks is bad and keeps its value) {
  s.apply(endpoint::nodes_status, read(total, 7), t0);

  s.apply(endpoint::nodes_status, read(inactive, 2), t0 + 15s);

  CHECK_EQUAL(s.fields[total].value, 7.0);
  CHECK_EQUAL(s.fields[total].read_at, t0);
  CAF_CHECK(s.fields[total].bad);
}

CAF_TEST(an optional field is bad only if it is invalid or nothing was read) {
  s.apply(endpoint::nodes_status, read(inactive, 2), t0);

  auto wrong = read(total, 7);
  wrong.unusable.set(inactive);
  s.apply(endpoint::nodes_status, wrong, t0 + 15s);
  CHECK_EQUAL(s.fields[inactive].value, 2.0);
  CAF_CHECK(s.fields[inactive].bad);

  s.apply(endpoint::nodes_status, failed(reason::json), t0 + 30s);
  CHECK_EQUAL(s.fields[inactive].value, 2.0);
  CAF_CHECK(s.fields[inactive].bad);

  s.apply(endpoint::nodes_status, read(total, 7), t0 + 45s);
  CAF_CHECK(!s.fields[inactive].value);
  CAF_CHECK(!s.fields[inactive].bad);
}

CAF_TEST(a lower counter of another replica is held back) {
  const auto processed = index(field::packets_processed);
  const auto from = [&](std::uint32_t replica, double value) {
    auto p = read(processed, value);
    p.replica = replica;
    return p;
  };
  s.guards.resize(field_count);
  s.apply(endpoint::metrics, from(0, 5000), t0);

  s.apply(endpoint::metrics, from(1, 4990), t0 + 15s);
  CHECK_EQUAL(s.fields[processed].value, 5000.0);
  CHECK_EQUAL(s.fields[processed].read_at, t0 + 15s);
  CAF_CHECK_EQUAL(s.counter_holds, 1u);

  s.apply(endpoint::metrics, from(1, 5001), t0 + 30s);
  CHECK_EQUAL(s.fields[processed].value, 5001.0);
  CAF_CHECK_EQUAL(s.counter_holds, 1u);
}

CAF_TEST(a gauge of another replica is shown as it is) {
  s.guards.resize(field_count);
  s.apply(endpoint::nodes_status, read(total, 7), t0);

  auto p = read(total, 5);
  p.replica = 1;
  s.apply(endpoint::nodes_status, p, t0 + 15s);

  CHECK_EQUAL(s.fields[total].value, 5.0);
  CAF_CHECK_EQUAL(s.counter_holds, 0u);
}

CAF_TEST(the replica that answered last is remembered) {
  auto& status = s.endpoints[0];
  poll p;
  p.result = quality::good;
  p.replica = 1;
  status.record(p, t0, {});
  CHECK_EQUAL(status.answered_by, 1u);

  auto refused = failed(reason::connect);
  status.record(refused, t0, {});
  CHECK_EQUAL(status.answered_by, 1u);

  auto not_found = failed(reason::http_4xx);
  status.record(not_found, t0, {});
  CHECK_EQUAL(status.answered_by, 0u);
}

CAF_TEST(a poll changes only the fields of its endpoint) {
  s.apply(endpoint::nodes_status, read(total, 7), t0);

  s.apply(endpoint::metrics, failed(reason::json), t0 + 15s);

  CAF_CHECK(!s.fields[total].bad);
  CAF_CHECK(s.fields[index(field::packets_processed)].bad);
}

CAF_TEST(a transport failure changes no field) {
  s.apply(endpoint::nodes_status, read(total, 7), t0);

  s.apply(endpoint::nodes_status, failed(reason::timeout), t0 + 15s);

  CAF_CHECK(!s.fields[total].bad);
}

CAF_TEST(the histogram grows once per poll that read the latency) {
  s.apply(endpoint::network_stats, read(latency, 50), t0);
  s.apply(endpoint::network_stats, failed(reason::timeout), t0 + 15s);
  s.apply(endpoint::network_stats, failed(reason::json), t0 + 30s);
  s.apply(endpoint::network_stats, read(latency, 100.5), t0 + 45s);

  CHECK_EQUAL(s.latency.counts, (std::vector<std::uint64_t>{1, 0, 1}));
  CAF_CHECK_EQUAL(s.latency.sum, 0.1505); // compares with a tolerance
}

CAF_TEST(no answer makes the sum of the histogram infinite or NaN) {
  for (const auto* ms : {"0e400", "-0e400", "1e400", "1e300", "1e9", "1e-400"})
    for (int i = 0; i < 1000; ++i)
      s.apply(endpoint::network_stats,
              poll_of(parse(endpoint::network_stats,
                            "{\"bytes_transmitted\":1,\"avg_latency_ms\":" +
                                std::string{ms} + "}")),
              t0);

  CAF_CHECK_EQUAL(s.latency.sum, 1e9);
  CHECK_EQUAL(s.latency.counts, (std::vector<std::uint64_t>{3000, 0, 1000}));
}

CAF_TEST(a value at the bound of a bucket is in the bucket) {
  latency_state l{s.latency.bounds};

  l.observe(0.05);
  l.observe(0.0500001);
  l.observe(0.1);
  l.observe(0);

  CHECK_EQUAL(l.counts, (std::vector<std::uint64_t>{2, 2, 0}));
}

CAF_TEST(an outage has the time of its first failed poll) {
  endpoint_status status;
  const wall_time w0{1732290000s};

  status.record(failed(reason::connect), t0, w0);
  status.record(read(total, 7), t0 + 15s, w0 + 15s);
  CHECK_EQUAL(status.failing_since, w0);
  CHECK_EQUAL(status.last_failure_at, w0 + 15s);
  CHECK_EQUAL(status.last_failure->why, reason::schema);
  CHECK_EQUAL(status.last_good, std::nullopt);

  poll good;
  good.result = quality::good;
  status.refused = true;
  status.record(good, t0 + 30s, w0 + 30s);
  CHECK_EQUAL(status.failing_since, wall_time{});
  CHECK_EQUAL(status.last_good, t0 + 30s);
  CHECK_EQUAL(status.last_good_wall, w0 + 30s);
  CAF_CHECK(!status.refused);
}

CAF_TEST(the last error stays after a recovery) {
  endpoint_status status;
  const wall_time w0{1732290000s};
  poll good;
  good.result = quality::good;

  status.record(failed(reason::connect), t0, w0);
  status.record(good, t0 + 15s, w0 + 15s);

  CHECK_EQUAL(status.last_result, quality::good);
  CHECK_EQUAL(status.last_failure->why, reason::connect);
  CHECK_EQUAL(status.last_failure_at, w0);
}

CAF_TEST(the last twenty polls are kept with their attempts) {
  endpoint_status status;
  auto p = failed(reason::timeout);

  for (p.attempts = 1; p.attempts <= 30; ++p.attempts)
    status.record(p, t0, {});
  p.attempts = 300;
  status.record(p, t0, {});

  CHECK_EQUAL(int{status.recent.front().attempts}, 12);
  CHECK_EQUAL(int{status.recent[18].attempts}, 30);
  CHECK_EQUAL(int{status.recent.back().attempts}, 255);
  CHECK_EQUAL(status.recent.back().result, quality::bad);
}

CAF_TEST(a poll without a retry is kept with one attempt) {
  endpoint_status status;

  status.record(failed(reason::json), t0, {});

  CHECK_EQUAL(int{status.recent.back().attempts}, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
