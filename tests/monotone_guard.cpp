#define CAF_SUITE monotone_guard

#include "metrics/monotone_guard.hpp"

#include "tests/suite.hpp"

#include <algorithm>
#include <array>
#include <random>

using betanet::metrics::monotone_guard;

namespace {

/// A counter with its guard.
struct counter {
  monotone_guard guard;
  std::optional<double> shown;
  int held = 0;

  double read(double value, std::size_t source) {
    shown = guard.admit(value, source, shown);
    held += guard.holds();
    return *shown;
  }
};

/// What `increase()` of PromQL adds up.
double increase(const std::vector<double>& samples) {
  double sum = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    sum +=
        samples[i] < samples[i - 1] ? samples[i] : samples[i] - samples[i - 1];
  return sum;
}

} // namespace

CAF_TEST(one source shows its values unchanged) {
  counter c;

  for (const double value : {100.0, 100.0, 150.0, 20.0, 30.0})
    CAF_CHECK_EQUAL(c.read(value, 0), value);
  CAF_CHECK_EQUAL(c.held, 0);
}

CAF_TEST(a source that lags behind is held until it has caught up) {
  counter c;
  c.read(5000, 0);

  CAF_CHECK_EQUAL(c.read(4990, 1), 5000);
  CAF_CHECK_EQUAL(c.read(4999, 1), 5000);
  CAF_CHECK_EQUAL(c.read(5003, 1), 5003);
  CAF_CHECK_EQUAL(c.held, 2);
}

CAF_TEST(a restart seen by another source is shown after four collections) {
  counter c;
  c.read(5000, 0);

  for (const double value : {20.0, 21.0, 22.0, 23.0})
    CAF_CHECK_EQUAL(c.read(value, 1), 5000);
  CAF_CHECK_EQUAL(c.read(24, 1), 24);
  CAF_CHECK_EQUAL(c.read(25, 1), 25);
  CAF_CHECK_EQUAL(c.held, 4);
}

CAF_TEST(a restart while a lagging source is held is shown at once) {
  counter c;
  c.read(5000, 0);
  c.read(4990, 1);

  CAF_CHECK_EQUAL(c.read(20, 1), 20);
}

CAF_TEST(each switch may hold for four collections) {
  counter c;
  c.read(5000, 0);
  c.read(4990, 1);
  c.read(4991, 1);
  c.read(5000, 0);

  for (int i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(c.read(4992, 1), 5000);
  CAF_CHECK_EQUAL(c.read(4992, 1), 4992);
}

CAF_TEST(taking turns with lagging sources is neither reset nor increase) {
  std::mt19937_64 engine{3};
  std::uniform_int_distribution traffic{0, 50}, lag{0, 200};
  counter c;
  std::vector<double> samples;
  double total = 1000;
  std::array<double, 2> views{}; // no source goes back behind itself
  for (std::size_t i = 0; i < 100000; ++i) {
    total += traffic(engine);
    auto& view = views[i % 2];
    view = std::max(view, total - lag(engine));
    samples.push_back(c.read(view, i % 2));
  }

  CAF_CHECK_EQUAL(increase(samples),
                  std::max(views[0], views[1]) - samples.front());
  CAF_CHECK_LESS(1000, c.held);
}
