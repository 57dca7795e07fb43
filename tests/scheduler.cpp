#define CAF_SUITE scheduler

#include "actors/scheduler.hpp"

#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

struct scheduler_fixture : fixture {
  /// A supervisor that records when ticks arrive.
  supervisor_actor listener(std::vector<duration>& at,
                            std::vector<tick>* ticks = nullptr) {
    return sys.spawn([this, &at, ticks]() -> supervisor_actor::behavior_type {
      return {
          [this, &at, ticks](atom::collect, const tick& t) {
            at.push_back(now() - t0);
            if (ticks)
              ticks->push_back(t);
          },
          [](atom::attempt, const attempt_report&) {},
          [](atom::retry, endpoint, const metrics::ticket&) {},
          [](atom::poll, const poll_report&) {},
          [](atom::configure, const group_ptr&) {},
      };
    });
  }

  void watch(const supervisor_actor& who, duration offset, bool at_once) {
    anon_send(aut, atom::watch_v, who, metrics::tick_grid{t0, offset, 15s},
              at_once);
    consume_messages();
  }

  ~scheduler_fixture() { kill(aut); }

  metrics::time_point t0 = now();
  scheduler_actor aut = sys.spawn(scheduler);
  std::vector<duration> at;
};

using seconds = std::vector<metrics::duration>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(scheduler_tests, scheduler_fixture)

CAF_TEST(one target gets a tick at once and then every interval) {
  watch(listener(at), 0s, true);

  advance(45s);

  CHECK_EQUAL(at, (seconds{0s, 15s, 30s, 45s}));
}

CAF_TEST(a tick says its number and when the next one is due) {
  std::vector<tick> ticks;
  watch(listener(at, &ticks), 0s, true);

  advance(15s);

  CAF_REQUIRE_EQUAL(ticks.size(), 2u);
  CAF_CHECK_EQUAL(ticks[1].number, 2u);
  CHECK_EQUAL(ticks[1].next, t0 + 30s);
}

CAF_TEST(grid points soon after the first collection are left out) {
  watch(listener(at), 4s, true);
  std::vector<duration> late;
  watch(listener(late), 8s, true);

  advance(30s);

  CHECK_EQUAL(at, (seconds{0s, 19s}));
  CHECK_EQUAL(late, (seconds{0s, 8s, 23s}));
}

CAF_TEST(without a tick at once the first one is at a grid point) {
  watch(listener(at), 4s, false);

  advance(30s);

  CHECK_EQUAL(at, (seconds{4s, 19s}));
}

CAF_TEST(a day of ticks does not drift) {
  watch(listener(at), 0s, true);

  advance(24h);

  CAF_REQUIRE_EQUAL(at.size(), 5761u);
  for (std::size_t n = 0; n < at.size(); ++n)
    REQUIRE_EQUAL(at[n], n * 15s);
}

CAF_TEST(missed ticks are not made up for) {
  watch(listener(at), 0s, true);

  sched.clock().current_time += 10min + 3s;
  advance(12s);

  CHECK_EQUAL(at, (seconds{0s, 10min + 3s, 10min + 15s}));
}

CAF_TEST(targets get ticks at different times) {
  std::vector<duration> other;
  watch(listener(at), 0s, true);
  watch(listener(other), 10s, true);

  advance(25s);

  CHECK_EQUAL(at, (seconds{0s, 15s}));
  CHECK_EQUAL(other, (seconds{0s, 10s, 25s}));
}

CAF_TEST(a new grid replaces the former one) {
  const auto who = listener(at);
  watch(who, 0s, true);
  advance(20s);

  anon_send(aut, atom::watch_v, who, metrics::tick_grid{t0, 0s, 4s}, false);
  advance(8s);

  CHECK_EQUAL(at, (seconds{0s, 15s, 24s, 28s}));
}

CAF_TEST(a slower grid keeps the announced tick) {
  const auto who = listener(at);
  watch(who, 0s, true);
  advance(20s);

  anon_send(aut, atom::watch_v, who, metrics::tick_grid{t0, 0s, 1h}, false);
  advance(2h);

  CHECK_EQUAL(at, (seconds{0s, 15s, 30s, 1h, 2h}));
}

CAF_TEST(a removed supervisor gets no tick) {
  const auto who = listener(at);
  watch(who, 0s, true);

  anon_send(aut, atom::unwatch_v, who);
  advance(60s);

  CHECK_EQUAL(at, (seconds{0s}));
}

CAF_TEST(one message serves all targets that are due at one instant) {
  std::vector<duration> others;
  const auto first = listener(at);
  watch(first, 5s, false);
  for (int i = 0; i < 10; ++i)
    watch(listener(others), 5s, false);

  CAF_CHECK_EQUAL(sched.clock().schedule().size(), 1u);

  advance(5s);
  CAF_CHECK_EQUAL(others.size(), 10u);
  CAF_CHECK_EQUAL(sched.clock().schedule().size(), 1u);
}

CAF_TEST(the next target is served when the one that was due is removed) {
  std::vector<duration> other;
  const auto first = listener(at);
  watch(first, 5s, false);
  watch(listener(other), 7s, false);

  anon_send(aut, atom::unwatch_v, first);
  advance(30s);

  CAF_CHECK(at.empty());
  CHECK_EQUAL(other, (seconds{7s, 22s}));
}

CAF_TEST_FIXTURE_SCOPE_END()
