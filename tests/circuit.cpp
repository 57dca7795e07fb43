#define CAF_SUITE circuit

#include "metrics/circuit.hpp"

#include "tests/suite.hpp"

#include <random>
#include <vector>

using namespace betanet::metrics;
using state = breaker_state;
using admission = circuit::admission;

namespace {

/// Admits one poll and ends it.
std::optional<state> poll(circuit& c, verdict v) {
  REQUIRE_EQUAL(c.admit(), admission::admitted);
  return c.record(*c.current(), v);
}

circuit opened(int threshold = 5) {
  circuit c{threshold};
  for (int i = 0; i < threshold; ++i)
    poll(c, verdict::failure);
  REQUIRE_EQUAL(c.state(), state::open);
  return c;
}

circuit half_opened() {
  auto c = opened();
  CAF_REQUIRE(c.half_open(c.generation()));
  return c;
}

/// A second, simpler implementation of the breaker, with which the results of
/// the first one are compared.
struct model {
  int threshold;
  enum { closed, open, half_open } state = closed;
  int failures = 0;
  bool polling = false;

  admission admit() {
    if (state != closed)
      return admission::rejected;
    if (polling)
      return admission::skipped;
    polling = true;
    return admission::admitted;
  }

  void record(verdict v) {
    polling = false;
    if (state == half_open) {
      const bool reopened = v == verdict::failure || v == verdict::local;
      state = reopened ? open : closed;
      failures = v == verdict::failure ? failures + 1 : reopened ? failures : 0;
    } else if (v == verdict::failure) {
      if (++failures >= threshold)
        state = open;
    } else if (v == verdict::success) {
      failures = 0;
    }
  }

  void timer() {
    if (state != open)
      return;
    state = half_open;
    polling = true;
  }
};

} // namespace

CAF_TEST(the fifth consecutive failure opens the breaker) {
  circuit c{5};

  for (int i = 0; i < 4; ++i)
    CAF_CHECK(!poll(c, verdict::failure));

  CHECK_EQUAL(poll(c, verdict::failure), state::open);
  CAF_CHECK_EQUAL(c.consecutive_failures(), 5);
}

CAF_TEST(a success resets the count of failures) {
  circuit c{5};
  for (int i = 0; i < 4; ++i)
    poll(c, verdict::failure);
  poll(c, verdict::success);

  for (int i = 0; i < 4; ++i)
    CAF_CHECK(!poll(c, verdict::failure));
  CHECK_EQUAL(c.state(), state::closed);
}

CAF_TEST(a neutral answer does not change the count of failures) {
  for (const auto v : {verdict::neither, verdict::local}) {
    circuit c{2};
    poll(c, verdict::failure);
    poll(c, v);

    CAF_CHECK_EQUAL(c.consecutive_failures(), 1);
    CHECK_EQUAL(poll(c, verdict::failure), state::open);
  }
}

CAF_TEST(a tick during a running poll is skipped) {
  circuit c{5};

  CHECK_EQUAL(c.admit(), admission::admitted);
  CHECK_EQUAL(c.admit(), admission::skipped);
  CAF_CHECK(!c.current()->probe);
}

CAF_TEST(an open breaker rejects ticks and does not change) {
  auto c = opened();
  const auto generation = c.generation();

  for (int i = 0; i < 100; ++i)
    CHECK_EQUAL(c.admit(), admission::rejected);

  CAF_CHECK_EQUAL(c.generation(), generation);
  CAF_CHECK_EQUAL(c.consecutive_failures(), 5);
  CAF_CHECK(!c.current());
}

CAF_TEST(a half open breaker issues exactly one ticket) {
  auto c = half_opened();

  CAF_CHECK(c.current()->probe);
  for (int i = 0; i < 100; ++i)
    CHECK_EQUAL(c.admit(), admission::rejected);
  CAF_CHECK(!c.half_open(c.generation()));
}

CAF_TEST(a timer of a former generation changes nothing) {
  auto c = opened();
  const auto old = c.generation();

  CAF_CHECK(!c.half_open(old - 1));
  CAF_CHECK(!c.half_open(old + 1));
  CAF_CHECK(c.half_open(old));

  c.record(*c.current(), verdict::failure);
  CAF_CHECK(!c.half_open(old));
  CHECK_EQUAL(c.state(), state::open);
}

CAF_TEST(any answer to the probe closes the breaker and resets the count) {
  for (const auto v : {verdict::success, verdict::neither}) {
    auto c = half_opened();
    CHECK_EQUAL(c.record(*c.current(), v), state::closed);
    CAF_CHECK_EQUAL(c.consecutive_failures(), 0);

    for (int i = 0; i < 4; ++i)
      CAF_CHECK(!poll(c, verdict::failure));
    CHECK_EQUAL(c.state(), state::closed);
  }
}

CAF_TEST(a failed or lost probe opens the breaker again) {
  for (const auto v : {verdict::failure, verdict::local}) {
    auto c = half_opened();
    CHECK_EQUAL(c.record(*c.current(), v), state::open);
    CAF_CHECK(c.half_open(c.generation()));
  }
}

CAF_TEST(a late result changes nothing in any later state) {
  circuit c{1};
  c.admit();
  const auto first = *c.current();
  c.record(first, verdict::failure); // open

  for (const auto v : {verdict::success, verdict::failure})
    CAF_CHECK(!c.record(first, v));
  CHECK_EQUAL(c.state(), state::open);

  c.half_open(c.generation());
  for (const auto v : {verdict::success, verdict::failure})
    CAF_CHECK(!c.record(first, v));
  CHECK_EQUAL(c.state(), state::half_open);

  const auto probe = *c.current();
  c.record(probe, verdict::failure);
  c.half_open(c.generation());
  CAF_CHECK(!c.record(probe, verdict::success));
  CHECK_EQUAL(c.state(), state::half_open);
}

CAF_TEST(a random walk of a million steps agrees with the model) {
  const std::uint64_t seed = 20261122;
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};

  for (int threshold = 1; threshold <= 5; ++threshold) {
    circuit c{threshold};
    model m{threshold};
    std::vector<ticket> old;
    std::uint64_t timer = 0;
    for (int step = 0; step < 200000; ++step) {
      switch (random() % 4) {
      case 0:
        REQUIRE_EQUAL(c.admit(), m.admit());
        break;
      case 1:
        if (!c.current())
          break;
        {
          const auto t = *c.current();
          const auto v = static_cast<verdict>(random() % 4);
          if (c.record(t, v) == state::open)
            timer = c.generation();
          m.record(v);
          old.push_back(t);
        }
        break;
      case 2:
        if (c.half_open(timer))
          m.timer();
        else
          CAF_REQUIRE(m.state != model::open);
        break;
      default:
        if (!old.empty())
          CAF_REQUIRE(!c.record(old[random() % old.size()],
                                static_cast<verdict>(random() % 4)));
      }
      CAF_REQUIRE_EQUAL(static_cast<int>(c.state()), static_cast<int>(m.state));
      CAF_REQUIRE_EQUAL(c.consecutive_failures(), m.failures);
      CAF_REQUIRE_EQUAL(c.current().has_value(), m.polling);
      CAF_REQUIRE(c.state() != state::open || !c.current());
    }
  }
}
