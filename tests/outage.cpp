#define CAF_SUITE outage

#include "metrics/outage.hpp"

#include "tests/suite.hpp"

using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};

} // namespace

CAF_TEST(only the first failed poll of an outage is news) {
  outage o;
  CAF_CHECK(!o.ongoing());
  CAF_CHECK(o.failed(t0));
  CAF_CHECK(o.ongoing());
  CAF_CHECK(!o.failed(t0 + 15s));
}

CAF_TEST(an outage lasts from its first failed poll to the next good one) {
  outage o;
  o.failed(t0);
  o.failed(t0 + 30s);

  CHECK_EQUAL(o.recovered(t0 + 45s, 1), duration{45s});

  CAF_CHECK(!o.ongoing());
  CAF_CHECK(!o.recovered(t0 + 60s, 1));
  CAF_CHECK(o.failed(t0 + 75s));
}

CAF_TEST(a retry is news unless the previous poll needed one too) {
  outage o;
  CAF_CHECK(o.retry_is_news());

  o.recovered(t0, 2);
  CAF_CHECK(!o.retry_is_news());

  o.recovered(t0 + 15s, 1);
  CAF_CHECK(o.retry_is_news());
}

CAF_TEST(a retry within an outage is not news) {
  outage o;
  o.failed(t0);
  CAF_CHECK(!o.retry_is_news());
}

CAF_TEST(the half open state is news once in an outage) {
  outage o;
  o.failed(t0);
  CAF_CHECK(o.half_opened());
  CAF_CHECK(!o.half_opened());

  o.recovered(t0 + 1min, 1);
  CAF_CHECK(o.half_opened());
}

CAF_TEST(a refusal is news the first time and then every five minutes) {
  outage o;
  CAF_CHECK(o.refused(t0));
  CAF_CHECK(!o.refused(t0 + 15s));
  CAF_CHECK(!o.refused(t0 + 5min - 1ns));
  CAF_CHECK(o.refused(t0 + 5min));
  CAF_CHECK(!o.refused(t0 + 10min - 1ns));
}

CAF_TEST(after the breaker closed the next refusal is news) {
  outage o;
  o.refused(t0);
  o.closed();
  CAF_CHECK(o.refused(t0 + 1s));
}
