#define CAF_SUITE schedule

#include "metrics/schedule.hpp"

#include "tests/suite.hpp"

#include <set>

using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const time_point t0{1000h};

} // namespace

CAF_TEST(ticks stay on the grid for a day) {
  const tick_grid grid{t0, 0s, 15s};
  auto now = t0;

  for (int n = 1; n <= 5760; ++n) {
    // even if the last tick was handled late
    const auto next = grid.after(now + 14999ms);
    REQUIRE_EQUAL(next, t0 + n * 15s);
    now = next;
  }
}

CAF_TEST(the next grid point is strictly later) {
  const tick_grid grid{t0, 4s, 15s};

  CHECK_EQUAL(grid.after(t0 - 1ns), t0 + 4s);
  CHECK_EQUAL(grid.after(t0 + 4s - 1ns), t0 + 4s);
  CHECK_EQUAL(grid.after(t0 + 4s), t0 + 19s);
}

CAF_TEST(missed ticks are not made up for) {
  const tick_grid grid{t0, 0s, 15s};
  CHECK_EQUAL(grid.after(t0 + 10min + 3s), t0 + 10min + 15s);
}

CAF_TEST(offsets are multiples of a 150th of the interval and differ) {
  std::set<duration> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto offset = tick_offset("target-" + std::to_string(i), 15s);
    CAF_REQUIRE_LESS_OR_EQUAL(duration{0s}, offset);
    CAF_REQUIRE_LESS(offset, duration{15s});
    CAF_REQUIRE_EQUAL(offset.count() % (100ms / 1ns), 0);
    seen.insert(offset);
  }

  CAF_CHECK_GREATER(seen.size(), 140u);
}

CAF_TEST(offsets are those of FNV - 1a) {
  // fnv1a64("a") = 0xaf63dc4c8601ec8c, mod 15e9 = 10571439244 ns
  CHECK_EQUAL(tick_offset("a", 15s),
              0xaf63dc4c8601ec8cull % 15000000000ull / 100000000 * 100ms);
}
