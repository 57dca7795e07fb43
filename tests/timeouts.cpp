#define CAF_SUITE timeouts

#include "metrics/timeouts.hpp"

#include "tests/suite.hpp"

using namespace betanet;
using namespace std::chrono_literals;
using metrics::request_timeout;
using metrics::time_point;
using metrics::timeouts;

namespace {

constexpr time_point t0{10h};

void feed(timeouts& t, std::size_t replica, time_point at = t0) {
  for (int i = 0; i < 20; ++i)
    t.succeeded(replica, 100ms, at);
}

} // namespace

CAF_TEST(a fixed timeout learns nothing) {
  timeouts t{1, 5s, false};

  feed(t, 0);
  t.timed_out(0, 5s);
  t.end_poll();

  CHECK_EQUAL(t.next(0, t0), request_timeout{5s});
  CAF_CHECK(!t.adaptive());
}

CAF_TEST(each replica has its own adaptive limit) {
  timeouts t{2, 5s, true};
  feed(t, 0);

  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 500ms);
  CHECK_EQUAL(t.next(1, t0).on_kept_connection(), 5s);

  t.timed_out(0, 500ms);
  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 1s);
  CHECK_EQUAL(t.next(1, t0).on_kept_connection(), 5s);
}

CAF_TEST(a poll that another replica saved teaches nothing of its timeouts) {
  timeouts t{2, 5s, true};
  feed(t, 0);

  t.timed_out(0, 500ms);
  t.succeeded(1, 50ms, t0);
  t.end_poll();
  t.succeeded(0, 100ms, t0);

  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 500ms);
}

CAF_TEST(a timeout before a success of the same poll is remembered) {
  timeouts t{1, 5s, true};
  feed(t, 0);

  t.timed_out(0, 500ms);
  t.succeeded(0, 100ms, t0);
  t.end_poll();

  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 750ms); // 1.5 times 500 ms
}

CAF_TEST(an hour without a success forgets what was learned) {
  timeouts t{2, 5s, true};
  feed(t, 0);
  feed(t, 1, t0 + 1h);

  CHECK_EQUAL(t.next(0, t0 + 1h).on_kept_connection(), 500ms);
  CHECK_EQUAL(t.next(0, t0 + 1h + 1ns).on_kept_connection(), 5s);
  CHECK_EQUAL(t.next(1, t0 + 1h + 1ns).on_kept_connection(), 500ms);
}

CAF_TEST(settings that stay keep what was learned and others forget it) {
  timeouts t{1, 5s, true};
  feed(t, 0);

  t.set(5s, true);
  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 500ms);

  t.set(4s, true);
  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 4s);

  feed(t, 0);
  t.set(4s, false);
  CHECK_EQUAL(t.next(0, t0), request_timeout{4s});
  t.set(4s, true);
  CHECK_EQUAL(t.next(0, t0).on_kept_connection(), 4s);
}
