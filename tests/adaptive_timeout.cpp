#define CAF_SUITE adaptive_timeout

#include "metrics/adaptive_timeout.hpp"

#include "tests/suite.hpp"

#include <cmath>
#include <functional>
#include <random>

using namespace betanet;
using namespace std::chrono_literals;
using metrics::adaptive_timeout;
using metrics::duration;
using metrics::request_timeout;

namespace {

duration of(double seconds) {
  return std::chrono::round<duration>(std::chrono::duration<double>(seconds));
}

/// Whether the timeout is this number of seconds, to a microsecond.
void check(const adaptive_timeout& t, double seconds) {
  const double found = std::chrono::duration<double>(t.timeout()).count();
  if (std::abs(found - seconds) > 1e-6)
    CAF_CHECK_EQUAL(found, seconds);
}

adaptive_timeout fed(int samples, double seconds, duration most = 5s) {
  adaptive_timeout t{most};
  for (int i = 0; i < samples; ++i)
    t.succeeded(of(seconds));
  return t;
}

adaptive_timeout fed_alternating() {
  adaptive_timeout t{5s};
  for (int i = 0; i < 20; ++i)
    t.succeeded(i % 2 == 0 ? 100ms : 200ms);
  return t;
}

/// A poll of at most four attempts at a server that needs this long for an
/// answer, over kept connections.
struct simulation {
  adaptive_timeout state{5s};
  int polls = 0, lost = 0;
  int timeouts = 0;       ///< Of all attempts.
  int first_timeouts = 0; ///< Of first attempts.
  bool censored = true;   ///< Timed out attempts count once a poll succeeds.

  void poll(const std::function<double()>& latency) {
    ++polls;
    for (int attempt = 1; attempt <= 4; ++attempt) {
      const auto limit = state.timeout();
      const auto took = of(latency());
      if (took <= limit) {
        if (!censored)
          state.end_poll();
        return state.succeeded(took);
      }
      state.timed_out(limit);
      ++timeouts;
      first_timeouts += attempt == 1;
    }
    state.end_poll();
    ++lost;
  }

  void poll(int times, double latency) {
    for (int i = 0; i < times; ++i)
      poll([=] { return latency; });
  }
};

double false_timeouts(bool censored) {
  simulation s;
  s.censored = censored;
  std::mt19937_64 engine{1};
  std::bernoulli_distribution pauses{0.05};
  for (int i = 0; i < 40000; ++i)
    s.poll([&] { return pauses(engine) ? 0.8 : 0.02; });
  CAF_CHECK_EQUAL(s.lost, 0);
  return s.first_timeouts / 40000.0;
}

} // namespace

CAF_TEST(the configured timeout is used until 20 requests have succeeded) {
  check(adaptive_timeout{5s}, 5);
  check(fed(19, 0.1), 5);
  CHECK_EQUAL(fed(19, 0.1).timeout(), 5s);
  check(fed(20, 0.1), 0.5);
}

CAF_TEST(equal samples give twice the timeout of RFC 6298) {
  check(fed(20, 0.1), 0.5);
  check(fed(20, 1.2), 2.420296);
}

CAF_TEST(the deviation is updated before the average) {
  auto t = fed_alternating();
  check(t, 0.730624);

  t.succeeded(1s);
  check(t, 2.536094);
}

CAF_TEST(the slowest of the latest 64 answers counts) {
  auto t = fed_alternating();
  t.succeeded(1s);

  for (int i = 0; i < 63; ++i)
    t.succeeded(100ms);
  check(t, 1.5);

  t.succeeded(100ms);
  check(t, 0.5);
}

CAF_TEST(each timeout doubles the limit until an answer comes) {
  auto t = fed(20, 1.2);

  for (const double expected : {4.840592, 5.0, 5.0}) {
    t.timed_out(t.timeout());
    t.end_poll();
    check(t, expected);
  }

  t.succeeded(1200ms);
  check(t, 2.415222);
}

CAF_TEST(a million timeouts at a black hole do not overflow) {
  auto t = fed(64, 0.05);

  for (const double expected : {0.5, 1.0, 2.0, 4.0, 5.0, 5.0}) {
    check(t, expected);
    t.timed_out(t.timeout());
  }
  for (int i = 0; i < 1000000; ++i)
    t.timed_out(t.timeout());
  check(t, 5);

  t.end_poll();
  t.succeeded(50ms);
  check(t, 0.5);
}

CAF_TEST(limits are doubled four times at most) {
  auto t = fed(64, 0.05, 1h);

  for (int i = 0; i < 10; ++i)
    t.timed_out(t.timeout());

  check(t, 8);
  CHECK_EQUAL(t.next(), (request_timeout{8s, 1h, 0}));
}

CAF_TEST(a slower server costs few timeouts) {
  simulation from_10_to_800;
  from_10_to_800.poll(64, 0.01);
  from_10_to_800.poll(1, 0.8);
  check(from_10_to_800.state, 1.7975);
  from_10_to_800.poll(100, 0.8);
  CAF_CHECK_EQUAL(from_10_to_800.timeouts, 1);
  CAF_CHECK_EQUAL(from_10_to_800.lost, 0);

  simulation from_50_to_400;
  from_50_to_400.poll(64, 0.05);
  from_50_to_400.poll(100, 0.4);
  CAF_CHECK_EQUAL(from_50_to_400.timeouts, 0);

  simulation from_50_to_1900;
  from_50_to_1900.poll(64, 0.05);
  from_50_to_1900.poll(100, 1.9);
  CAF_CHECK_EQUAL(from_50_to_1900.timeouts, 2);
  CAF_CHECK_EQUAL(from_50_to_1900.lost, 0);

  simulation from_50_to_4900;
  from_50_to_4900.poll(64, 0.05);
  from_50_to_4900.poll(100, 4.9);
  CAF_CHECK_EQUAL(from_50_to_4900.lost, 1);
}

CAF_TEST(a server that has become fast gets a short limit again) {
  auto t = fed(64, 2);
  for (int i = 0; i < 63; ++i)
    t.succeeded(50ms);
  check(t, 3);

  t.succeeded(50ms);
  check(t, 0.5);
}

CAF_TEST(
    rare pauses of a server are learned from the timeouts that they cause) {
  const double with = false_timeouts(true), without = false_timeouts(false);

  CAF_CHECK_LESS(with, 0.006);
  CAF_CHECK_LESS(0.015, without);
}

CAF_TEST(all timeouts of a poll that succeeds count once) {
  auto t = fed(64, 0.05);
  t.timed_out(500ms);
  t.timed_out(1s);

  t.succeeded(50ms);
  check(t, 1.5);

  for (int i = 0; i < 63; ++i)
    t.succeeded(50ms);
  check(t, 0.5);
}

CAF_TEST(polls that fail teach nothing) {
  simulation s;
  s.poll(64, 0.05);
  const auto before = s.state.timeout();

  s.poll(100, 1e6);
  CAF_CHECK_EQUAL(s.lost, 100);
  check(s.state, 5);
  s.poll(1, 0.05);

  CHECK_EQUAL(s.state.timeout(), before);
}

CAF_TEST(a limit below the least one is never changed) {
  auto t = fed(64, 0.001, 200ms);
  CHECK_EQUAL(t.timeout(), 200ms);
  CHECK_EQUAL(t.next().on_fresh_connection(), 200ms);

  t.timed_out(200ms);
  CHECK_EQUAL(t.timeout(), 200ms);
}

CAF_TEST(impossible samples are ignored) {
  auto t = fed_alternating();

  for (const auto impossible : {duration{0}, duration{-1}, duration::max(),
                                duration::min(), duration{24h + 1ns}})
    t.succeeded(impossible);

  check(t, 0.730624);
}

CAF_TEST(an answer after a whole day counts) {
  auto t = fed(20, 0.1, 24h);

  t.succeeded(24h);

  CHECK_EQUAL(t.timeout(), 24h);
}

CAF_TEST(a request that was given up before its limit is no evidence) {
  auto t = fed_alternating();

  t.timed_out(300ms);
  check(t, 0.730624);

  t.succeeded(100ms);
  auto same = fed_alternating();
  same.succeeded(100ms);
  CHECK_EQUAL(t.timeout(), same.timeout());
}

CAF_TEST(random events keep the limit within its bounds) {
  std::mt19937_64 engine{7};
  std::lognormal_distribution latency{-2.0, 2.0};
  std::uniform_int_distribution event{0, 9};
  for (const duration most : {duration{200ms}, duration{5s}, duration{24h}}) {
    adaptive_timeout t{most};
    const auto floor = std::min<duration>(most, adaptive_timeout::least);
    int outside = 0, shortened = 0, changed = 0;
    for (int i = 0; i < 333334; ++i) {
      const auto before = t.timeout();
      const int what = event(engine);
      if (what < 6) {
        t.succeeded(of(latency(engine)));
      } else if (what < 9) {
        t.timed_out(before);
        shortened += t.timeout() < before;
      } else {
        t.end_poll();
        changed += t.timeout() != before;
      }
      outside += t.timeout() < floor || t.timeout() > most;
    }

    CAF_CHECK_EQUAL(outside, 0);
    CAF_CHECK_EQUAL(shortened, 0);
    CAF_CHECK_EQUAL(changed, 0);
  }
}

CAF_TEST(a slower answer never lowers the limit) {
  std::mt19937_64 engine{11};
  std::lognormal_distribution latency{-2.0, 1.0};
  int lowered = 0;
  for (int i = 0; i < 1000; ++i) {
    adaptive_timeout t{24h};
    for (int n = 0; n < 30; ++n)
      t.succeeded(of(latency(engine)));
    auto slow = t, slower = t;
    const auto slowest = t.timeout();

    slow.succeeded(slowest);
    slower.succeeded(2 * slowest);

    lowered += slower.timeout() < slow.timeout();
  }

  CAF_CHECK_EQUAL(lowered, 0);
}

CAF_TEST(a fresh connection has time for a lost SYN) {
  const auto t = fed(20, 0.1).next();

  CHECK_EQUAL(t.on_kept_connection(), 500ms);
  CHECK_EQUAL(t.on_fresh_connection(), 1250ms);
  CHECK_EQUAL(request_timeout{1s}.on_fresh_connection(), 1s);
  CHECK_EQUAL(fed(20, 1.2).next().on_fresh_connection(),
              fed(20, 1.2).next().on_kept_connection());
}

CAF_TEST(the limit that was exceeded is told from the time that passed) {
  const request_timeout t{500ms, 5s, 4};

  CHECK_EQUAL(t.exceeded_after(501ms), 500ms);
  CHECK_EQUAL(t.exceeded_after(1250ms), 1250ms);
}

CAF_TEST(the limits of a poll back off as the state does) {
  auto state = fed(64, 0.05);
  auto limits = state.next();

  for (int i = 0; i < 6; ++i) {
    state.timed_out(limits.on_kept_connection());
    limits.back_off();
    CHECK_EQUAL(limits.on_kept_connection(), state.timeout());
  }

  auto long_limits = fed(64, 0.05, 1h).next();
  for (int i = 0; i < 6; ++i)
    long_limits.back_off();
  CHECK_EQUAL(long_limits.on_kept_connection(), 8s);

  request_timeout fixed{5s};
  fixed.back_off();
  CHECK_EQUAL(fixed, request_timeout{5s});
}
