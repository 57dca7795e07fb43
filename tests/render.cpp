#define CAF_SUITE render

#include "metrics/render.hpp"

#include "metrics/openmetrics.hpp"
#include "metrics/samples_impl.hpp"
#include "tests/exposition_check.hpp"
#include "tests/suite.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstdlib>

using namespace betanet;
using namespace betanet::metrics;
using namespace std::chrono_literals;
using betanet::testing::defect;

namespace {

const time_point t0{1000h};
const wall_time w0{std::chrono::milliseconds{1732290000125}};

std::shared_ptr<snapshot> empty() {
  return std::make_shared<snapshot>(
      freshness_rules{15s, 5s, 10s, 5min, parse_fallback::last_known},
      std::make_shared<const std::vector<double>>(std::vector{0.001, 0.05}),
      t0);
}

/// A snapshot with the example values of the API's documentation.
std::shared_ptr<snapshot> seed() {
  auto s = empty();
  poll p;
  p.result = quality::good;
  const std::pair<field, double> values[] = {
      {field::packets_processed, 5000}, {field::packets_dropped, 10},
      {field::total_nodes, 7},          {field::active_nodes, 5},
      {field::inactive_nodes, 2},       {field::bytes_transmitted, 1000000},
      {field::bytes_received, 500000},  {field::avg_latency_ms, 45},
      {field::peak_throughput, 10000}};
  for (const auto& [f, v] : values)
    p.values[index(f)] = v;
  for (const auto e : all_endpoints) {
    auto& status = s->endpoints[index(e)];
    status.last_result = quality::good;
    status.last_good = t0;
    status.last_good_wall = w0;
    auto one = p;
    for (const auto& row : field_table)
      if (row.source != e)
        one.values[index(row.id)].reset();
    s->apply(e, one, t0);
  }
  return s;
}

struct fixture {
  exposition pages{detail::full, {"1", "r", "c", "0.17.6", "1.81.0"}, {}};

  std::string text(time_point now = t0) {
    auto page = pages.render(now, front, {}).text;
    CAF_CHECK_EQUAL(defect(page).value_or("none"), "none");
    return page;
  }

  bool has(const std::string& page, const std::string& line) {
    const bool found =
        ("\n" + page).find("\n" + line + "\n") != std::string::npos;
    if (!found)
      CAF_MESSAGE("missing: " << line);
    return found;
  }

  front_totals front;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(render_tests, fixture)

CAF_TEST(the example values give the documented page) {
  pages.update("", seed());

  const auto page = text();

  const std::string golden =
      R"(# HELP betanet_connected_peers Number of connected peers
# TYPE betanet_connected_peers gauge
betanet_connected_peers 7
# HELP betanet_mixnode_active Number of active mixnodes
# TYPE betanet_mixnode_active gauge
betanet_mixnode_active 5
# HELP betanet_mixnode_inactive Number of inactive mixnodes (Betanet nodes_status.inactive_nodes, polled and cached).
# TYPE betanet_mixnode_inactive gauge
betanet_mixnode_inactive 2
# HELP betanet_packets_processed_total Total packets processed (Betanet metrics.packets_processed, polled and cached).
# TYPE betanet_packets_processed_total counter
betanet_packets_processed_total 5000
# HELP betanet_packets_dropped_total Total packets dropped
# TYPE betanet_packets_dropped_total counter
betanet_packets_dropped_total 10
# HELP betanet_bytes_transmitted_total Total bytes transmitted
# TYPE betanet_bytes_transmitted_total counter
betanet_bytes_transmitted_total 1000000
# HELP betanet_bytes_received_total Total bytes received (Betanet network_stats.bytes_received, polled and cached).
# TYPE betanet_bytes_received_total counter
betanet_bytes_received_total 500000
# HELP betanet_peak_throughput Peak throughput as Betanet reports it (Betanet network_stats.peak_throughput, polled and cached).
# TYPE betanet_peak_throughput gauge
betanet_peak_throughput 10000
# HELP betanet_message_latency_average_seconds Average message latency in seconds, as it was last read (Betanet network_stats.avg_latency_ms, polled and cached).
# TYPE betanet_message_latency_average_seconds gauge
betanet_message_latency_average_seconds 0.045
# HELP betanet_message_latency_seconds Message latency in seconds
# TYPE betanet_message_latency_seconds histogram
betanet_message_latency_seconds_bucket{le="0.001"} 0
betanet_message_latency_seconds_bucket{le="0.05"} 1
betanet_message_latency_seconds_bucket{le="+Inf"} 1
betanet_message_latency_seconds_sum 0.045
betanet_message_latency_seconds_count 1
# HELP betanet_up Whether the latest poll of each of the three endpoints was good (1) or not (0).
# TYPE betanet_up gauge
betanet_up 1
)";
  CAF_CHECK_EQUAL(page.substr(0, golden.size()), golden);
  CAF_CHECK(has(page, "betanet_exporter_last_success_timestamp_seconds{"
                      "endpoint=\"metrics\"} 1732290000.125"));
}

CAF_TEST(every histogram shows its buckets then its sum and its count) {
  auto s = seed();
  for (const auto e : all_endpoints)
    s->endpoints[index(e)].counters.request_duration.observe(
        request_duration_bounds, 0.3);
  pages.update("a", s);
  pages.update("b", s);

  std::istringstream page{text()};

  int histograms = 0;
  std::string former; // the suffix of the previous line
  for (std::string line; std::getline(page, line);) {
    const auto name = line.substr(0, line.find_first_of("{ "));
    const auto suffix = name.substr(std::min(name.rfind('_'), name.size()));
    if (suffix == "_sum")
      CAF_CHECK_EQUAL(former, "_bucket");
    if (suffix == "_count") {
      CAF_CHECK_EQUAL(former, "_sum");
      ++histograms;
    }
    former = suffix;
  }
  CAF_CHECK_EQUAL(histograms, 2 * (1 + 3));
  CAF_CHECK(has(text(),
                "betanet_exporter_request_duration_seconds_bucket{"
                "target=\"b\",endpoint=\"network_stats\",le=\"+Inf\"} 1\n"
                "betanet_exporter_request_duration_seconds_sum{"
                "target=\"b\",endpoint=\"network_stats\"} 0.3\n"
                "betanet_exporter_request_duration_seconds_count{"
                "target=\"b\",endpoint=\"network_stats\"} 1"));
}

CAF_TEST(the same page in OpenMetrics) {
  pages.update("x-le=", seed());
  CAF_CHECK(has(to_openmetrics(text()),
                "betanet_exporter_request_duration_seconds_bucket{target="
                "\"x-le=\",endpoint=\"metrics\",le=\"1.0\"} 0"));

  pages.remove("x-le=");
  pages.update("a\"b", seed());
  const auto page = to_openmetrics(text());

  const std::string expected = R"(
# HELP betanet_packets_dropped Total packets dropped
# TYPE betanet_packets_dropped counter
betanet_packets_dropped_total{target="a\"b"} 10
)";
  CHECK_CONTAINS(page, expected);
  for (const auto* line :
       {"# TYPE betanet_message_latency_seconds histogram",
        "# UNIT betanet_message_latency_seconds seconds",
        "betanet_message_latency_seconds_bucket{target=\"a\\\"b\",le=\"0.05\"}"
        " 1",
        "betanet_exporter_request_duration_seconds_bucket{target=\"a\\\"b\","
        "endpoint=\"metrics\",le=\"1.0\"} 0",
        "betanet_exporter_request_duration_seconds_bucket{target=\"a\\\"b\","
        "endpoint=\"metrics\",le=\"+Inf\"} 0",
        "# UNIT betanet_exporter_last_success_timestamp_seconds seconds",
        "# TYPE betanet_bytes_received counter",
        "betanet_up{target=\"a\\\"b\"}"
        " 1"})
    CAF_CHECK(has(page, line));
  CAF_CHECK(page.ends_with("\n# EOF\n"));
  CHECK_NOT_CONTAINS(page, "# UNIT betanet_bytes_received");
}

CAF_TEST(samples are written as the serializer of prometheus - cpp does) {
  const std::vector<double> values{0,
                                   1,
                                   0.1,
                                   0.045,
                                   999999999999999,
                                   1 << 30,
                                   1e300,
                                   2.5e-07,
                                   1732290000.125,
                                   123456.789,
                                   -1.5,
                                   9007199254740992};
  const std::string url = "a\\b\"c\nd\u00e9";
  prometheus::MetricFamily expected{"f", "Help.", MetricType::Gauge, {}};
  std::string text = head_text({"f", MetricType::Gauge, "Help."});

  sample_writer writer{text, "f"};
  for (const auto v : values)
    writer.add({{"target", "x"}, {"url", url}}, v);
  writer.add({}, 7u);
  writer.add({{"target", "x"}}, "peer", url, true);
  writer.add({}, "peer", "y", 2);

  const auto put = [&](std::vector<prometheus::ClientMetric::Label> l,
                       double v) {
    prometheus::ClientMetric m;
    m.label = std::move(l);
    m.gauge.value = v;
    expected.metric.push_back(m);
  };
  for (const auto v : values)
    put({{"target", "x"}, {"url", url}}, v);
  put({}, 7);
  put({{"target", "x"}, {"peer", url}}, 1);
  put({{"peer", "y"}}, 2);
  CHECK_EQUAL(text, prometheus::TextSerializer{}.Serialize({expected}));
}

CAF_TEST(a sample is read as the number that was written) {
  for (const double v : {1.0 / 3, 5e-324, 0.1 + 0.2, 1e22, 9007199254740994.0,
                         1732290000.123457}) {
    std::string text;

    sample_writer{text, "f"}.add({}, v);

    CHECK_EQUAL(std::strtod(text.c_str() + 2, nullptr), v);
  }
}

CAF_TEST(histograms are written as by prometheus-cpp but for their order) {
  const std::vector<double> bounds{0.001, 0.05, 2.5};
  const std::vector<std::uint64_t> counts{1, 0, 2, 3};
  std::string text;

  sample_writer{text, "f"}.add_histogram({{"target", "x"}}, bounds, counts,
                                         4.25);
  sample_writer{text, "f"}.add_histogram({}, bounds, counts, 0);

  CHECK_EQUAL(text, std::string{"f_bucket{target=\"x\",le=\"0.001\"} 1\n"
                                "f_bucket{target=\"x\",le=\"0.05\"} 1\n"
                                "f_bucket{target=\"x\",le=\"2.5\"} 3\n"
                                "f_bucket{target=\"x\",le=\"+Inf\"} 6\n"
                                "f_sum{target=\"x\"} 4.25\n"
                                "f_count{target=\"x\"} 6\n"
                                "f_bucket{le=\"0.001\"} 1\n"
                                "f_bucket{le=\"0.05\"} 1\n"
                                "f_bucket{le=\"2.5\"} 3\n"
                                "f_bucket{le=\"+Inf\"} 6\n"
                                "f_sum 0\nf_count 6\n"});
}

CAF_TEST(one target can be rendered alone) {
  pages.update("a", seed());
  pages.update("b", empty());
  text();

  auto a = pages.render_target("a", t0);
  CAF_REQUIRE(a);
  CAF_CHECK_EQUAL(defect(a->text).value_or("none"), "none");
  CAF_CHECK(has(a->text, "betanet_connected_peers{target=\"a\"} 7"));
  CHECK_NOT_CONTAINS(a->text, "target=\"b\"");
  CHECK_NOT_CONTAINS(a->text, "process_");

  const auto dead = pages.render_target("b", t0)->text;
  CAF_CHECK(has(dead, "betanet_up{target=\"b\"} 0"));
  CAF_CHECK(has(dead, "betanet_exporter_circuit_breaker_state{target=\"b\","
                      "endpoint=\"metrics\"} 0"));
  CAF_CHECK(has(dead, "betanet_exporter_request_failures_total{target=\"b\","
                      "endpoint=\"metrics\",reason=\"timeout\"} 0"));

  CAF_CHECK(!pages.render_target("c", t0));
  CAF_CHECK(!pages.render_target("", t0));

  const auto page = text();
  CAF_CHECK(has(page, "betanet_exporter_cache_fresh_hits_total{target=\"a\"}"
                      " 1"));
  CAF_CHECK(has(page, "betanet_exporter_cache_misses_total{target=\"b\"} 1"));
}

CAF_TEST(before the first poll all self metrics are 0) {
  pages.update("", empty());

  const auto page = text();

  CHECK_NOT_CONTAINS(page, "betanet_connected_peers");
  CHECK_NOT_CONTAINS(page, "betanet_message_latency");
  CAF_CHECK(has(page, "betanet_up 0"));
  for (const auto e : all_endpoints) {
    const auto label = "{endpoint=\"" + std::string{name(e)} + "\"";
    for (const auto* metric :
         {"endpoint_up", "stale", "last_success_timestamp_seconds",
          "circuit_breaker_state", "requests_total", "retries_total",
          "request_duration_seconds_count", "polls_skipped_total",
          "circuit_breaker_rejections_total"})
      CAF_CHECK(
          has(page, "betanet_exporter_" + std::string{metric} + label + "} 0"));
    for (const auto r : all_reasons)
      CAF_CHECK(has(page, "betanet_exporter_request_failures_total" + label +
                              ",reason=\"" + std::string{name(r)} + "\"} 0"));
    for (const auto* to : {"closed", "open", "half_open"})
      CAF_CHECK(has(page, "betanet_exporter_circuit_breaker_transitions_total" +
                              label + ",to=\"" + to + "\"} 0"));
  }
  for (const auto* line :
       {"betanet_exporter_cache_requests_total 0",
        "betanet_exporter_cache_fresh_hits_total 0",
        "betanet_exporter_cache_expired_hits_total 0",
        "betanet_exporter_cache_misses_total 0",
        "betanet_exporter_actor_restarts_total{actor=\"fetcher\"} 0",
        "betanet_exporter_actor_restarts_total{actor=\"aggregator\"} 0",
        "betanet_exporter_http_connections 0",
        "betanet_exporter_http_connections_rejected_total{reason=\"limit\"} 0",
        "betanet_exporter_http_connections_rejected_total{reason="
        "\"descriptors\"} 0",
        "betanet_exporter_config_last_reload_successful 1",
        "betanet_exporter_config_restart_pending 0",
        "betanet_exporter_targets 1"})
    CAF_CHECK(has(page, line));
}

CAF_TEST(the facts of a target are shown with any detail) {
  for (const auto d : {detail::full, detail::compact}) {
    pages = exposition{d, {}, {}};
    auto s = empty();
    s->url = "http://betanet:9000/x";
    s->rules.interval = 1500ms;
    pages.update("a", s);

    const auto page = text();
    const auto one = pages.render_target("a", t0)->text;

    for (const auto& shown : {page, one}) {
      CAF_CHECK(has(shown, "betanet_exporter_target_info{target=\"a\",url="
                           "\"http://betanet:9000/x\"} 1"));
      CAF_CHECK(has(shown, "betanet_exporter_collection_interval_seconds{"
                           "target=\"a\"} 1.5"));
    }
  }

  pages = exposition{detail::full, {}, {}};
  CAF_CHECK(has(text(), "betanet_exporter_targets 0"));

  pages.update("", empty());
  CAF_CHECK(has(text(), "betanet_exporter_target_info{url=\"\"} 1"));
}

CAF_TEST(the families about the exporter itself can be left out) {
  const auto process = read_process_stats();
  front.requests = {{"metrics", 200, 12}};
  pages = exposition{detail::full, {}, {}, false};
  pages.update("", seed());

  const auto page = pages.render(t0, front, process).text;

  CHECK_NOT_CONTAINS(page, "process_");
  CHECK_NOT_CONTAINS(page, "betanet_exporter_http_");
  CAF_CHECK(has(page, "betanet_exporter_targets 1"));
  CHECK_CONTAINS(page, "\nbetanet_exporter_build_info{");
}

CAF_TEST(integers up to two to the 53rd are exact) {
  for (const double total : {9007199254740992.0, 9007199254740991.0,
                             1234567890123456.0, 999999999999999.0}) {
    auto s = seed();
    s->fields[index(field::bytes_transmitted)].value = total;
    pages.update("", s);
    std::array<char, 32> digits{};
    std::snprintf(digits.data(), digits.size(), "%.0f", total);

    CAF_CHECK(has(text(), "betanet_bytes_transmitted_total " +
                              std::string{digits.data()}));
  }
}

CAF_TEST(certificates of both sides share a family) {
  const std::string family =
      "betanet_exporter_tls_cert_expiry_timestamp_seconds";
  const std::chrono::sys_seconds far{std::chrono::seconds{253402300799}};
  pages.update("plain", seed());
  CHECK_NOT_CONTAINS(text(), family);

  auto secured = seed();
  secured->certificate_expiry = far; // the end of the year 9999
  pages.update("secured", secured);
  front.certificate_expiry = std::chrono::sys_seconds{1h};
  const auto page = text();

  CAF_CHECK(has(page, family + "{target=\"secured\",peer=\"upstream\"} "
                               "253402300799"));
  CAF_CHECK(has(page, family + "{peer=\"listener\"} 3600"));
  CHECK_NOT_CONTAINS(page, family + "{target=\"plain\"");
}

CAF_TEST(a page with an unchanged snapshot changes with time) {
  auto s = seed();
  pages.update("", s);
  text();

  CAF_CHECK(
      has(text(t0 + 35s), "betanet_exporter_stale{endpoint=\"metrics\"} 0"));

  const auto old = text(t0 + 35s + 1ns);
  CAF_CHECK(has(old, "betanet_exporter_stale{endpoint=\"metrics\"} 1"));
  CAF_CHECK(has(old, "betanet_connected_peers 7"));

  const auto gone = text(t0 + 5min + 1ns);
  CHECK_NOT_CONTAINS(gone, "betanet_connected_peers");
  CAF_CHECK(has(gone, "betanet_up 1"));
}

CAF_TEST(named targets share families and have a label) {
  pages.update("eu-1", seed());
  pages.update("us \"2\"\\", seed());

  const auto page = text();

  CAF_CHECK(has(page,
                "betanet_connected_peers{target=\"eu-1\"} 7\n"
                "betanet_connected_peers{target=\"us \\\"2\\\"\\\\\"} 7"));
  CAF_CHECK(has(page, "betanet_exporter_requests_total{target=\"eu-1\","
                      "endpoint=\"metrics\"} 0"));
}

CAF_TEST(compact sums counters over the targets) {
  pages = exposition{detail::compact, {}, {}};
  for (const auto* target : {"a", "b"}) {
    auto s = seed();
    auto& c = s->endpoints[0].counters;
    c.requests = 3;
    c.failures[index(reason::timeout)] = 2;
    c.request_duration.observe(request_duration_bounds, 0.3);
    pages.update(target, s);
  }

  const auto page = text();

  CAF_CHECK(has(page, "betanet_up{target=\"a\"} 1"));
  CAF_CHECK(has(page, "betanet_exporter_circuit_breaker_state{target=\"b\","
                      "endpoint=\"metrics\"} 0"));
  CAF_CHECK(has(page, "betanet_exporter_requests_total{endpoint=\"metrics\"} "
                      "6"));
  CAF_CHECK(has(page, "betanet_exporter_request_failures_total{endpoint="
                      "\"metrics\",reason=\"timeout\"} 4"));
  CAF_CHECK(has(page, "betanet_exporter_request_duration_seconds_count{"
                      "endpoint=\"metrics\"} 2"));
}

CAF_TEST(compact shows the counters of a target that is asked for alone) {
  pages = exposition{detail::compact, {}, {}};
  auto s = seed();
  s->endpoints[0].counters.failures[metrics::index(reason::timeout)] = 3;
  pages.update("a", s);

  const auto page = pages.render_target("a", t0);

  CHECK_CONTAINS(page->text,
                 "betanet_exporter_request_failures_total{target=\"a\","
                 "endpoint=\"metrics\",reason=\"timeout\"} 3\n");
}

CAF_TEST(compact keeps the counts of removed targets in the sums) {
  pages = exposition{detail::compact, {}, {}};
  auto s = seed();
  s->endpoints[0].counters.requests = 3;
  s->restarts.fetcher = 1;
  pages.update("a", s);
  pages.update("b", s);
  text();
  pages.count_scrapes(4);

  pages.remove("a");
  pages.remove("unknown");
  pages.replace("b", empty());

  const auto page = text();
  CAF_CHECK(has(page, "betanet_exporter_requests_total{endpoint=\"metrics\"} "
                      "6"));
  CAF_CHECK(has(page, "betanet_exporter_actor_restarts_total{actor=\"fetcher\"}"
                      " 2"));
  CAF_CHECK(has(page, "betanet_exporter_cache_fresh_hits_total 8"));
  CHECK_NOT_CONTAINS(page, "target=\"a\"");
}

CAF_TEST(a target that replaces another goes on with its counters) {
  auto s = seed();
  s->endpoints[0].counters.requests = 3;
  pages.update("a", s);
  const auto former = text();
  pages.count_scrapes(2);

  auto fresh = empty();
  fresh->endpoints[0].counters.requests = 1;
  const auto begun = successor_of(*s, fresh);
  pages.replace("a", begun);

  const auto page = text();
  CAF_CHECK(has(page, "betanet_exporter_requests_total{target=\"a\",endpoint="
                      "\"metrics\"} 4"));
  CAF_CHECK(
      has(page, "betanet_exporter_cache_fresh_hits_total{target=\"a\"} 2"));
  CHECK_NOT_CONTAINS(page, "betanet_connected_peers");
  // Nor does the histogram fall when the new target has been read.
  auto read = std::make_shared<snapshot>(*begun);
  poll good;
  good.result = quality::good;
  good.values[index(field::avg_latency_ms)] = 45;
  read->apply(endpoint::network_stats, good, t0);
  pages.update("a", read);
  CHECK_EQUAL(testing::fallen(former, text()), std::nullopt);
}

CAF_TEST(scrapes are counted once per target by the kind of lookup) {
  pages.update("", seed());

  text();
  pages.count_scrapes(3);
  text(t0 + 10s);
  pages.count_scrapes(2);
  text(t0 + 10min);
  const auto page = text(t0 + 10min);

  CAF_CHECK(has(page, "betanet_exporter_cache_fresh_hits_total 3"));
  CAF_CHECK(has(page, "betanet_exporter_cache_expired_hits_total 2"));
  CAF_CHECK(has(page, "betanet_exporter_cache_requests_total 5"));

  pages.count_scrapes(1);
  CAF_CHECK(has(text(t0 + 10min), "betanet_exporter_cache_misses_total 1"));
}

CAF_TEST(the counters of the front are shown) {
  front.requests = {{"metrics", 200, 12}, {"metrics", 503, 0}};
  front.connections = 3;
  front.rejected_limit = 4;

  const auto page = text();

  CAF_CHECK(has(page, "betanet_exporter_http_requests_total{handler="
                      "\"metrics\",code=\"200\"} 12"));
  CAF_CHECK(has(page, "betanet_exporter_http_requests_total{handler="
                      "\"metrics\",code=\"503\"} 0"));
  CAF_CHECK(has(page, "betanet_exporter_http_connections 3"));
  CAF_CHECK(has(page, "betanet_exporter_http_connections_rejected_total{reason="
                      "\"limit\"} 4"));
}

CAF_TEST(the process metrics are read from proc) {
  const auto page = pages.render(t0, front, read_process_stats()).text;

  for (const auto* metric :
       {"cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes",
        "virtual_memory_max_bytes", "resident_memory_bytes",
        "start_time_seconds", "threads"})
    CHECK_CONTAINS(page, "\nprocess_" + std::string{metric} + " ");

  const auto stats = read_process_stats();
  CAF_CHECK_GREATER(stats.open_fds, 2.0);
  CAF_CHECK_GREATER(stats.resident_memory_bytes, 1e6);
  CAF_CHECK_GREATER(stats.start_time_seconds, 1.6e9);
}

CAF_TEST(the age of a page is that of its oldest endpoint) {
  auto s = seed();
  s->endpoints[1].last_good = t0 - 3s;
  pages.update("", s);

  const auto page = pages.render(t0 + 1s, front, {});

  CHECK_EQUAL(page.oldest_age, duration{4s});
  CAF_CHECK(page.fresh);
  CAF_CHECK(!pages.render(t0 + 7s, front, {}).fresh);
}

CAF_TEST_FIXTURE_SCOPE_END()
