#define CAF_SUITE outage

#include "metrics/outage.hpp"

#include "tests/suite.hpp"

using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};
const failure refused{reason::connect, "refused"};
const failure late{reason::timeout, "late"};

struct outage_fixture {
  bool fail(const failure& why, duration at) {
    return o.failed(why, t0 + at, wall_time{} + at);
  }

  outage o;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(outage_tests, outage_fixture)

CAF_TEST(only the first failed poll of an outage is news) {
  CAF_CHECK(!o.ongoing());
  CAF_CHECK(fail(refused, 0s));
  CAF_CHECK(o.ongoing());
  CAF_CHECK(!fail(refused, 15s));
}

CAF_TEST(an outage lasts from its first failed poll to the next good one) {
  fail(refused, 0s);
  fail(refused, 30s);

  CHECK_EQUAL(o.recovered(t0 + 45s, 1), duration{45s});

  CAF_CHECK(!o.ongoing());
  CAF_CHECK(!o.recovered(t0 + 60s, 1));
  CAF_CHECK(fail(refused, 75s));
}

CAF_TEST(an outage knows its beginning and its polls and the latest failure) {
  fail(refused, 7s);
  fail(late, 22s);

  CHECK_EQUAL(o.since(), wall_time{7s});
  CAF_CHECK_EQUAL(o.polls(), 2);
  CHECK_EQUAL(o.latest().why, reason::timeout);

  o.recovered(t0 + 30s, 1);
  fail(late, 45s);
  CHECK_EQUAL(o.since(), wall_time{45s});
  CAF_CHECK_EQUAL(o.polls(), 1);
}

CAF_TEST(a reminder is due five minutes after the latest mention) {
  fail(refused, 0s);
  CHECK_EQUAL(o.reminder_due(), t0 + 5min);

  fail(refused, 15s);
  CHECK_EQUAL(o.reminder_due(), t0 + 5min);

  o.mentioned(t0 + 5min);
  CHECK_EQUAL(o.reminder_due(), t0 + 10min);
}

CAF_TEST(a retry is news unless the previous poll needed one too) {
  CAF_CHECK(o.attempt_failed());

  o.recovered(t0, 2);
  CAF_CHECK(!o.attempt_failed());

  o.recovered(t0 + 15s, 1);
  CAF_CHECK(o.attempt_failed());
}

CAF_TEST(a retry within an outage is not news) {
  fail(refused, 0s);
  CAF_CHECK(!o.attempt_failed());
}

CAF_TEST(an endpoint is calm after a good poll without a retry) {
  CAF_CHECK(o.calm());

  o.attempt_failed();
  CAF_CHECK(!o.calm());

  o.recovered(t0, 2);
  CAF_CHECK(!o.calm());

  fail(refused, 15s);
  CAF_CHECK(!o.calm());

  o.recovered(t0 + 30s, 1);
  CAF_CHECK(o.calm());
}

CAF_TEST(other events are news once in an outage) {
  for (const auto event :
       {&outage::half_opened, &outage::refused, &outage::went_stale}) {
    outage one;
    CAF_CHECK(!(one.*event)()); // an event that comes after the end
    for (const auto at : {0s, 60s}) {
      one.failed(::refused, t0 + at, wall_time{});
      CAF_CHECK((one.*event)());
      CAF_CHECK(!(one.*event)());
      one.recovered(t0 + at + 30s, 1);
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
