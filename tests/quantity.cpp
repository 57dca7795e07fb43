#define CAF_SUITE quantity

#include "pages/quantity_impl.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::pages;
using namespace std::chrono_literals;

namespace {

std::string text(metrics::trend t, double value) {
  return trend_table[index(t)].text(value);
}

} // namespace

CAF_TEST(counts are grouped and large ones get a prefix) {
  CAF_CHECK_EQUAL(count_text(0), "0");
  CAF_CHECK_EQUAL(count_text(999), "999");
  CAF_CHECK_EQUAL(count_text(1000), "1,000");
  CAF_CHECK_EQUAL(count_text(999999), "999,999");
  CAF_CHECK_EQUAL(count_text(999999.5), "1.00 M");
  CAF_CHECK_EQUAL(count_text(12345678), "12.3 M");
  CAF_CHECK_EQUAL(count_text(999.4e18), "999 E");
  CAF_CHECK_EQUAL(count_text(999.5e18), "1e+03 E");
  CAF_CHECK_EQUAL(count_text(1e300), "1e+282 E");
}

CAF_TEST(durations show their two largest units) {
  CAF_CHECK_EQUAL(span_text(-1s), "0 s");
  CAF_CHECK_EQUAL(span_text(59999ms), "59 s");
  CAF_CHECK_EQUAL(span_text(60s), "1 min 0 s");
  CAF_CHECK_EQUAL(span_text(1h - 1s), "59 min 59 s");
  CAF_CHECK_EQUAL(span_text(1h), "1 h 0 min");
  CAF_CHECK_EQUAL(span_text(23h + 1min), "23 h 1 min");
  CAF_CHECK_EQUAL(span_text(24h - 1s), "23 h 59 min");
  CAF_CHECK_EQUAL(span_text(24h), "1 d 0 h");
  CAF_CHECK_EQUAL(span_text(24h * 40 + 5h), "40 d 5 h");
}

CAF_TEST(a time of another day is shown with its date) {
  const metrics::wall_time noon{1732276800s}; // 2024-11-22 12:00:00

  CAF_CHECK_EQUAL(time_text(noon, noon + 11h), "12:00:00 UTC");
  CAF_CHECK_EQUAL(time_text(noon, noon + 12h), "2024-11-22 12:00:00 UTC");
  CAF_CHECK_EQUAL(time_text(noon, noon + 24h * 365), "2024-11-22 12:00:00 UTC");
}

CAF_TEST(the table of trends is in the order of the enumeration) {
  for (const auto t : metrics::all_trends)
    CHECK_EQUAL(trend_table[index(t)].id, t);
}

CAF_TEST(throughput is shown with a decimal prefix) {
  using metrics::trend;
  CAF_CHECK_EQUAL(text(trend::throughput, 0), "0 B/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 999), "999 B/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 999.5), "1.00 kB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 9994), "9.99 kB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 9995), "10.0 kB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 99949), "99.9 kB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 99950), "100 kB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 1234567), "1.23 MB/s");
  CAF_CHECK_EQUAL(text(trend::throughput, 99.96e9), "100 GB/s");
}

CAF_TEST(loss is shown in per cent and a small one is not shown as none) {
  using metrics::trend;
  CAF_CHECK_EQUAL(text(trend::loss, 0), "0 %");
  CAF_CHECK_EQUAL(text(trend::loss, 1e-9), "<0.01 %");
  CAF_CHECK_EQUAL(text(trend::loss, 0.0001), "0.01 %");
  CAF_CHECK_EQUAL(text(trend::loss, 0.0123), "1.23 %");
  CAF_CHECK_EQUAL(text(trend::loss, 0.09994), "9.99 %");
  CAF_CHECK_EQUAL(text(trend::loss, 0.09995), "10.0 %");
  CAF_CHECK_EQUAL(text(trend::loss, 0.5), "50.0 %");
}

CAF_TEST(latency is shown in milliseconds or seconds) {
  using metrics::trend;
  CAF_CHECK_EQUAL(text(trend::latency, 0), "0.0 ms");
  CAF_CHECK_EQUAL(text(trend::latency, 9.94), "9.9 ms");
  CAF_CHECK_EQUAL(text(trend::latency, 9.95), "10 ms");
  CAF_CHECK_EQUAL(text(trend::latency, 45.4), "45 ms");
  CAF_CHECK_EQUAL(text(trend::latency, 999.4), "999 ms");
  CAF_CHECK_EQUAL(text(trend::latency, 999.5), "1.00 s");
  CAF_CHECK_EQUAL(text(trend::latency, 9994), "9.99 s");
}
