#define CAF_SUITE schedule

#include "metrics/schedule.hpp"

#include "tests/suite.hpp"

#include <set>

using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};
const failure refused{reason::connect, "Connection refused"};

failure with_status(int status, duration retry_after = {}) {
  return {reason::status, "", status, retry_after};
}

retry_plan seed_plan() {
  return {{1s, 2s, 4s}, 0, 15s};
}

} // namespace

CAF_TEST(ticks stay on the grid for a day) {
  const tick_grid grid{t0, 0s, 15s};
  auto now = t0;
  for (int n = 1; n <= 5760; ++n) {
    // however late the last tick was handled
    const auto next = grid.after(now + 14999ms);
    CAF_REQUIRE(next == t0 + n * 15s);
    now = next;
  }
}

CAF_TEST(a grid point is strictly after) {
  const tick_grid grid{t0, 4s, 15s};
  CAF_CHECK(grid.after(t0 - 1ns) == t0 + 4s);
  CAF_CHECK(grid.after(t0 + 4s - 1ns) == t0 + 4s);
  CAF_CHECK(grid.after(t0 + 4s) == t0 + 19s);
}

CAF_TEST(ten minutes of sleep give one tick and no burst) {
  const tick_grid grid{t0, 0s, 15s};
  CAF_CHECK(grid.after(t0 + 10min + 3s) == t0 + 10min + 15s);
}

CAF_TEST(offsets are slots of a 150th and differ) {
  std::set<duration> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto offset = tick_offset("target-" + std::to_string(i), 15s);
    CAF_REQUIRE(offset >= 0s && offset < 15s);
    CAF_REQUIRE_EQUAL(offset.count() % (100ms / 1ns), 0);
    seen.insert(offset);
  }
  CAF_CHECK_GREATER(seen.size(), 140u);
}

CAF_TEST(offsets are those of FNV - 1a) {
  // fnv1a64("a") = 0xaf63dc4c8601ec8c, mod 15e9 = 10571439244 ns
  CAF_CHECK(tick_offset("a", 15s) ==
            0xaf63dc4c8601ec8cull % 15000000000ull / 100000000 * 100ms);
}

CAF_TEST(retries follow after 1 2 and 4 seconds and then end) {
  const auto plan = seed_plan();
  CAF_CHECK(plan.next(1, refused, 0) == duration{1s});
  CAF_CHECK(plan.next(2, refused, 0) == duration{2s});
  CAF_CHECK(plan.next(3, refused, 0) == duration{4s});
  CAF_CHECK(!plan.next(4, refused, 0));
}

CAF_TEST(without delays there is no retry) {
  CAF_CHECK(!(retry_plan{{}, 0, 15s}.next(1, refused, 0)));
}

CAF_TEST(only what may pass is tried again) {
  const auto plan = seed_plan();
  for (const auto why : {reason::dns, reason::connect, reason::reset,
                         reason::eof, reason::timeout, reason::local})
    CAF_CHECK(plan.next(1, {why, ""}, 0));
  for (const auto why : {reason::tls, reason::protocol, reason::too_large,
                         reason::encoding, reason::json, reason::schema})
    CAF_CHECK(!plan.next(1, {why, ""}, 0));
  for (const int status : {502, 503, 504})
    CAF_CHECK(plan.next(1, with_status(status), 0));
  for (const int status : {204, 301, 400, 401, 404, 429, 500, 501, 505})
    CAF_CHECK(!plan.next(1, with_status(status), 0));
}

CAF_TEST(verdicts are those of the table) {
  CAF_CHECK(verdict_of({reason::json, ""}) == verdict::success);
  CAF_CHECK(verdict_of({reason::schema, ""}) == verdict::success);
  CAF_CHECK(verdict_of({reason::local, ""}) == verdict::local);
  for (const auto why : {reason::dns, reason::connect, reason::reset,
                         reason::eof, reason::timeout, reason::tls,
                         reason::protocol, reason::too_large, reason::encoding})
    CAF_CHECK(verdict_of({why, ""}) == verdict::failure);
  for (const int status : {500, 501, 502, 503, 504, 505, 599})
    CAF_CHECK(verdict_of(with_status(status)) == verdict::failure);
  for (const int status : {201, 204, 301, 304, 400, 401, 403, 404, 429, 499})
    CAF_CHECK(verdict_of(with_status(status)) == verdict::neither);
}

CAF_TEST(retry after stretches a pause but not beyond the interval) {
  const auto plan = seed_plan();
  CAF_CHECK(plan.next(1, with_status(503, 3s), 0) == duration{3s});
  CAF_CHECK(plan.next(3, with_status(503, 3s), 0) == duration{4s});
  CAF_CHECK(plan.next(1, with_status(503, 15s), 0) == duration{15s});
  CAF_CHECK(!plan.next(1, with_status(503, 16s), 0));
  CAF_CHECK(!plan.next(1, with_status(503, 24h), 0));
}

CAF_TEST(jitter spreads a pause evenly around itself) {
  auto plan = seed_plan();
  plan.jitter = 0.2;
  CAF_CHECK(plan.next(1, refused, -1) == duration{800ms});
  CAF_CHECK(plan.next(1, refused, 0) == duration{1s});
  CAF_CHECK(plan.next(1, refused, 1) == duration{1200ms});
}
