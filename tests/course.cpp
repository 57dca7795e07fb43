#define CAF_SUITE course

#include "metrics/snapshot.hpp"
#include "tests/suite.hpp"

#include <limits>

using namespace betanet;
using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};

struct fixture {
  snapshot s{{15s, 5s, 10s, 5min, parse_fallback::last_known},
             std::make_shared<const std::vector<double>>(),
             t0};

  static poll read(std::initializer_list<std::pair<field, double>> values) {
    poll p;
    p.result = quality::good;
    for (const auto& [f, value] : values)
      p.values[index(f)] = value;
    return p;
  }

  static poll packets(double processed, double dropped) {
    return read({{field::packets_processed, processed},
                 {field::packets_dropped, dropped}});
  }

  static poll bytes(double n) { return read({{field::bytes_transmitted, n}}); }

  static poll failed(reason why) {
    poll p;
    p.failure = failure{why, ""};
    return p;
  }

  void apply(endpoint e, const poll& p, duration after) {
    s.apply(e, p, t0 + after);
  }

  std::optional<double> latest(trend t) const {
    return s.courses[index(t)].latest();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(course_tests, fixture)

CAF_TEST(a course keeps the last twenty values in their order) {
  course c;

  for (int i = 0; i < 25; ++i)
    c.push(i);

  CHECK_EQUAL(c.at(0), 5.0);
  CHECK_EQUAL(c.at(19), 24.0);
  CHECK_EQUAL(c.latest(), 24.0);
}

CAF_TEST(a new course knows no value) {
  const course c;
  for (std::size_t i = 0; i < kept_polls; ++i)
    CHECK_EQUAL(c.at(i), std::nullopt);
}

CAF_TEST(a value beyond single precision is cut) {
  course c;
  c.push(1e300);
  CHECK_EQUAL(c.latest(), double{std::numeric_limits<float>::max()});
}

CAF_TEST(gauges and the latency are those of the poll) {
  apply(endpoint::nodes_status,
        read({{field::total_nodes, 7}, {field::active_nodes, 5}}), 0s);
  apply(endpoint::network_stats, read({{field::avg_latency_ms, 45.5}}), 0s);

  CHECK_EQUAL(latest(trend::peers), 7.0);
  CHECK_EQUAL(latest(trend::active_mixnodes), 5.0);
  CHECK_EQUAL(latest(trend::latency), 45.5);
}

CAF_TEST(the throughput is the increase per second between two reads) {
  apply(endpoint::network_stats, bytes(1000), 0s);
  CHECK_EQUAL(latest(trend::throughput), std::nullopt);

  apply(endpoint::network_stats, bytes(4000), 15s);
  CHECK_EQUAL(latest(trend::throughput), 200.0);

  apply(endpoint::network_stats, failed(reason::timeout), 30s);
  CHECK_EQUAL(latest(trend::throughput), std::nullopt);

  apply(endpoint::network_stats, bytes(7000), 45s);
  CHECK_EQUAL(latest(trend::throughput), 100.0);
}

CAF_TEST(two reads at one moment tell no throughput) {
  apply(endpoint::network_stats, bytes(1000), 0s);
  apply(endpoint::network_stats, bytes(2000), 0s);

  CHECK_EQUAL(latest(trend::throughput), std::nullopt);
}

CAF_TEST(the loss is the share of packets that were dropped between two reads) {
  apply(endpoint::metrics, packets(1000, 900), 0s);
  CHECK_EQUAL(latest(trend::loss), std::nullopt);

  apply(endpoint::metrics, packets(2000, 910), 15s);
  CHECK_EQUAL(latest(trend::loss), double{0.01f});

  apply(endpoint::metrics, packets(3000, 910), 30s);
  CHECK_EQUAL(latest(trend::loss), 0.0);
}

CAF_TEST(without processed packets the loss is unknown) {
  apply(endpoint::metrics, packets(1000, 10), 0s);
  apply(endpoint::metrics, packets(1000, 11), 15s);

  CHECK_EQUAL(latest(trend::loss), std::nullopt);
}

CAF_TEST(the poll after a restart of the service tells no rate) {
  apply(endpoint::metrics, packets(1000, 10), 0s);
  apply(endpoint::network_stats, bytes(1000), 0s);

  apply(endpoint::metrics, packets(2000, 9), 15s);
  apply(endpoint::network_stats, bytes(999), 15s);
  CHECK_EQUAL(latest(trend::loss), std::nullopt);
  CHECK_EQUAL(latest(trend::throughput), std::nullopt);

  apply(endpoint::metrics, packets(1999, 10), 30s);
  CHECK_EQUAL(latest(trend::loss), std::nullopt);

  apply(endpoint::metrics, packets(2999, 10), 45s);
  apply(endpoint::network_stats, bytes(1014), 30s);
  CHECK_EQUAL(latest(trend::loss), 0.0);
  CHECK_EQUAL(latest(trend::throughput), 1.0);
}

CAF_TEST(totals that were read by different polls tell no loss) {
  apply(endpoint::metrics, packets(1000, 10), 0s);
  apply(endpoint::metrics, read({{field::packets_processed, 2000}}), 15s);
  CHECK_EQUAL(latest(trend::loss), std::nullopt);

  apply(endpoint::metrics, packets(3000, 20), 30s);
  CHECK_EQUAL(latest(trend::loss), std::nullopt);

  apply(endpoint::metrics, packets(4000, 20), 45s);
  CHECK_EQUAL(latest(trend::loss), 0.0);
}

CAF_TEST(a poll adds one value to each course of its endpoint only) {
  const auto nodes = read({{field::total_nodes, 7}});
  apply(endpoint::nodes_status, nodes, 0s);

  apply(endpoint::nodes_status, failed(reason::json), 15s);
  apply(endpoint::metrics, failed(reason::connect), 15s);

  const auto& peers = s.courses[index(trend::peers)];
  CHECK_EQUAL(peers.at(18), 7.0);
  CHECK_EQUAL(peers.at(19), std::nullopt);
}

CAF_TEST(a snapshot is small enough for ten thousand targets) {
  // An aggregator and the cache have one each; 16 KiB are meant for all that a
  // target needs.
  CAF_CHECK_LESS_OR_EQUAL(sizeof(snapshot), 2560u);
  CAF_CHECK_LESS_OR_EQUAL(sizeof(s.courses), 400u);
}

CAF_TEST_FIXTURE_SCOPE_END()
