#define CAF_SUITE outages

#include "metrics/outages.hpp"

#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};

struct outages_fixture {
  static subject_ptr about(std::uint64_t number,
                           endpoint e = endpoint::metrics) {
    return std::make_shared<const subject>(
        subject{number, "t" + std::to_string(number), e, "http://a/"});
  }

  outages::failed_poll fail(const subject_ptr& s, duration at = 0s,
                            failure why = {reason::connect, "refused"}) {
    return o.poll_failed(s, why, t0 + at, wall_time{1h} + at);
  }

  outages::failed_poll fail(std::uint64_t number, duration at = 0s) {
    return fail(about(number), at);
  }

  std::optional<outages::recovery> recover(const subject_ptr& s, duration at) {
    return o.recovered(*s, t0 + at, 1);
  }

  /// Lets targets 1 to `n` fail.
  void fail_many(std::uint64_t n, duration at = 0s) {
    for (std::uint64_t i = 1; i <= n; ++i)
      fail(i, at);
  }

  outages o;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(outages_tests, outages_fixture)

CAF_TEST(a place is free again when it was left and has rested) {
  allowance a{2, 5min};

  CAF_CHECK(a.take(t0));
  CAF_CHECK(a.take(t0 + 1min));
  CAF_CHECK(!a.take(t0 + 10min)); // neither was left

  a.leave(t0);
  CAF_CHECK(a.take(t0 + 10min));

  a.leave(t0 + 10min);
  CAF_CHECK(!a.take(t0 + 15min - 1ns));
  CAF_CHECK(a.take(t0 + 15min));
}

CAF_TEST(the first targets are told and the others are counted) {
  for (std::uint64_t i = 1; i <= 20; ++i)
    CAF_CHECK(fail(i).news);
  CAF_CHECK(!o.digest_due());
  CAF_CHECK(!fail(21).news);
  CAF_CHECK(!fail(22).news);
  CAF_CHECK(!fail(22, 15s).news);

  const auto d = o.take_digest();

  CAF_CHECK_EQUAL(d.began, 2u);
  CAF_CHECK_EQUAL(d.ended, 0u);
  CAF_CHECK_EQUAL(d.now.failing, 22u);
  CAF_CHECK_EQUAL(d.now.names, "t21, t22");
  CAF_CHECK_EQUAL(d.now.reasons, "connect=2");
  CAF_CHECK(!o.digest_due());
}

CAF_TEST(all endpoints of a told target are told) {
  fail_many(19);

  for (const auto e : all_endpoints)
    CAF_CHECK(fail(about(20, e)).news);
  CAF_CHECK(!fail(21).news);
}

CAF_TEST(all events of a target that is not told are no news) {
  fail_many(21);
  const auto told = about(20), other = about(21);
  CAF_CHECK(o.opened(*told) && !o.opened(*other));
  CAF_CHECK(o.refused(*told) && !o.refused(*other));
  CAF_CHECK(o.half_opened(*told) && !o.half_opened(*other));
  CAF_CHECK(o.went_stale(*told) && !o.went_stale(*other));

  CAF_CHECK(recover(told, 45s)->news);
  const auto end = recover(other, 45s);

  CAF_REQUIRE(end);
  CAF_CHECK(!end->news);
  CHECK_EQUAL(end->lasted, duration{45s});
  CAF_CHECK_EQUAL(o.take_digest().ended, 1u);
}

CAF_TEST(a target ends its outage with its last endpoint) {
  fail_many(20);
  fail(about(21, endpoint::metrics));
  fail(about(21, endpoint::nodes_status));
  o.take_digest();

  CAF_CHECK(recover(about(21, endpoint::metrics), 15s));
  CAF_CHECK(!o.digest_due());
  recover(about(21, endpoint::nodes_status), 15s);

  CAF_CHECK_EQUAL(o.take_digest().ended, 1u);
}

CAF_TEST(at most twenty outages begin to be told within five minutes) {
  fail_many(20);
  for (std::uint64_t i = 1; i <= 20; ++i)
    recover(about(i), 15s);

  CAF_CHECK(!fail(30, 5min - 1ns).news);
  CAF_CHECK(fail(31, 5min).news);
}

CAF_TEST(a target that was removed is forgotten) {
  fail_many(20);

  o.forget(1);
  o.forget(99);

  CAF_CHECK_EQUAL(o.size(), 19u);
  CAF_CHECK(!recover(about(1), 15s));
  CAF_CHECK(fail(21, 5min).news);
}

CAF_TEST(calm targets are not remembered) {
  fail(1);
  o.attempt_failed(about(2), 1, t0);
  CAF_CHECK_EQUAL(o.size(), 2u);

  recover(about(1), 15s);
  CAF_CHECK(!recover(about(2), 15s)); // it was no outage
  CAF_CHECK_EQUAL(o.size(), 0u);
}

CAF_TEST(late events of a target without an outage are no news) {
  CAF_CHECK(!o.went_stale(*about(1)));
  CAF_CHECK(!o.refused(*about(1)));
  CAF_CHECK(!o.half_opened(*about(1)));
  CAF_CHECK(!o.opened(*about(1)));
  CAF_CHECK(!recover(about(1), 0s));
  CAF_CHECK_EQUAL(o.size(), 0u);
}

CAF_TEST(the retries of sixty polls are told within five minutes) {
  for (std::uint64_t i = 1; i <= 20; ++i)
    for (const auto e : all_endpoints)
      for (const int attempt : {1, 2, 3})
        CAF_CHECK(o.attempt_failed(about(i, e), attempt, t0));
  CAF_CHECK(!o.attempt_failed(about(21), 1, t0));
  CAF_CHECK(!o.attempt_failed(about(21), 2, t0 + 1s));
  CAF_CHECK(o.attempt_failed(about(22), 1, t0 + 5min));
}

CAF_TEST(status 404 from all endpoints is told once) {
  const failure missing{reason::http_4xx, "HTTP status 404", 404};

  for (int round = 0; round < 2; ++round) {
    for (const auto e : all_endpoints) {
      const auto at = round * 15s;
      const bool last = e == endpoint::network_stats;
      CHECK_EQUAL(fail(about(1, e), at, missing).all_404, last && round == 0);
    }
  }
}

CAF_TEST(status 404 from two endpoints is not told) {
  const failure missing{reason::http_4xx, "HTTP status 404", 404};
  fail(about(1, endpoint::metrics), 0s, missing);
  fail(about(1, endpoint::nodes_status), 0s, {reason::connect, "refused"});

  CAF_CHECK(!fail(about(1, endpoint::network_stats), 0s, missing).all_404);
}

CAF_TEST(each outage is mentioned every five minutes) {
  CAF_CHECK(!o.next_reminder());
  fail(about(1, endpoint::metrics), 0s);
  fail(about(1, endpoint::nodes_status), 10s);
  CHECK_EQUAL(o.next_reminder(), t0 + 5min);

  const auto first = o.remind(t0 + 5min);
  CAF_REQUIRE_EQUAL(first.single.size(), 1u);
  CHECK_EQUAL(first.single[0].about->endpoint, endpoint::metrics);
  CAF_CHECK(!first.counted);
  CHECK_EQUAL(o.next_reminder(), t0 + 5min + 10s);

  recover(about(1, endpoint::nodes_status), 5min);
  CHECK_EQUAL(o.next_reminder(), t0 + 10min);
}

CAF_TEST(twenty failing targets are mentioned one by one) {
  fail_many(20);
  CAF_CHECK_EQUAL(o.remind(t0 + 5min).single.size(), 20u);
}

CAF_TEST(more than twenty failing targets are counted and ten are named) {
  fail_many(20);
  fail(about(21), 1min, {reason::dns, "unknown"});

  const auto r = o.remind(t0 + 5min);

  CAF_CHECK(r.single.empty());
  CAF_REQUIRE(r.counted);
  CAF_CHECK_EQUAL(r.counted->failing, 21u);
  CAF_CHECK_EQUAL(r.counted->names, "t1, t2, t3, t4, t5, t6, t7, t8, t9, t10");
  CAF_CHECK_EQUAL(r.counted->reasons, "connect=20 dns=1");
  CHECK_EQUAL(r.counted->since, wall_time{1h});
  CHECK_EQUAL(o.next_reminder(), t0 + 10min); // of the latest outage too
}

CAF_TEST(an outage that was mentioned alone is told from there on) {
  fail_many(21);
  for (std::uint64_t i = 1; i <= 20; ++i)
    recover(about(i), 1min);
  o.take_digest();
  CAF_CHECK_EQUAL(o.remind(t0 + 5min).single.size(), 1u);

  CAF_CHECK(recover(about(21), 6min)->news);

  CAF_CHECK(!o.digest_due());
}

CAF_TEST_FIXTURE_SCOPE_END()
