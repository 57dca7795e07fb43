#define CAF_SUITE replicas

#include "metrics/replicas.hpp"

#include "tests/suite.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace betanet;
using namespace std::chrono_literals;
using metrics::attempt_chain;
using metrics::balance;
using metrics::duration;
using metrics::failure;
using metrics::reason;
using metrics::replica_set;
using metrics::retry_plan;
using metrics::time_point;

namespace {

using positions = std::vector<std::uint32_t>;

constexpr time_point t0{1h};

const retry_plan seed{{1s, 2s, 4s}, 0, 15s};

/// The pauses of a poll whose attempts all fail in this way.
std::vector<duration> pauses(attempt_chain chain, const failure& f,
                             const retry_plan& plan = seed) {
  std::vector<duration> all;
  while (const auto pause = chain.next(f, plan, 0))
    all.push_back(*pause);
  return all;
}

using durations = std::vector<duration>;

constexpr auto nodes = endpoint::nodes_status;

} // namespace

CAF_TEST(failover begins with the first replica that does not rest) {
  replica_set r{3, balance::failover, 30s};
  CHECK_EQUAL(r.order(1, t0), (positions{0, 1, 2}));
  CHECK_EQUAL(r.order(2, t0), (positions{0, 1, 2}));

  r.failed(0, nodes, t0);
  CHECK_EQUAL(r.order(3, t0), (positions{1, 2, 0}));

  r.failed(1, nodes, t0 + 10s);
  CHECK_EQUAL(r.order(4, t0 + 10s), (positions{2, 0, 1}));
  CHECK_EQUAL(r.order(5, t0 + 30s - 1ns), (positions{2, 0, 1}));
  CHECK_EQUAL(r.order(6, t0 + 30s), (positions{0, 2, 1}));
  CHECK_EQUAL(r.order(7, t0 + 40s), (positions{0, 1, 2}));
}

CAF_TEST(round robin begins with the tick number modulo the count) {
  replica_set r{3, balance::round_robin, 30s};
  CHECK_EQUAL(r.order(3, t0), (positions{0, 1, 2}));
  CHECK_EQUAL(r.order(4, t0), (positions{1, 2, 0}));
  CHECK_EQUAL(r.order(5, t0), (positions{2, 0, 1}));

  r.failed(1, nodes, t0);
  CHECK_EQUAL(r.order(3, t0), (positions{0, 2, 1}));
  CHECK_EQUAL(r.order(4, t0), (positions{2, 0, 1}));
}

CAF_TEST(if all replicas rest none does) {
  for (const auto b : {balance::failover, balance::round_robin}) {
    replica_set r{3, b, 30s};
    for (const std::size_t i : {2, 0, 1})
      r.failed(i, nodes, t0);

    for (const std::uint64_t tick : {1, 2, 3})
      CHECK_EQUAL(r.order(tick, t0), replica_set(3, b, 30s).order(tick, t0));
  }
}

CAF_TEST(probes ask the replica whose failure is longest ago) {
  replica_set r{3, balance::failover, 30s};
  CAF_CHECK_EQUAL(r.for_probe(), 0u);

  r.failed(0, nodes, t0);
  CAF_CHECK_EQUAL(r.for_probe(), 1u);

  r.failed(2, nodes, t0 + 1s);
  r.failed(1, nodes, t0 + 2s);
  CAF_CHECK_EQUAL(r.for_probe(), 0u);
  r.failed(0, nodes, t0 + 3s);
  CAF_CHECK_EQUAL(r.for_probe(), 2u);
}

CAF_TEST(an answer ends the rest) {
  replica_set r{2, balance::failover, 30s};
  r.failed(0, nodes, t0);
  CHECK_EQUAL(r.status(0).rests_until, t0 + 30s);

  r.answered(0, nodes);

  CAF_CHECK(r.status(0).rests_until < t0);
  CHECK_EQUAL(r.order(1, t0), (positions{0, 1}));
}

CAF_TEST(a failure is news if the replica has answered since the last one) {
  replica_set r{2, balance::failover, 30s};

  CAF_CHECK(r.failed(0, nodes, t0));
  CAF_CHECK(!r.failed(0, nodes, t0 + 1min));
  CAF_CHECK(r.failed(1, nodes, t0));

  r.answered(0, nodes);
  CAF_CHECK(r.failed(0, nodes, t0));
}

CAF_TEST(the answer of another endpoint does not end the rest) {
  replica_set r{2, balance::failover, 30s};
  CAF_CHECK(r.failed(0, nodes, t0));
  CAF_CHECK(!r.failed(0, endpoint::metrics, t0 + 1s));

  r.answered(0, endpoint::network_stats);
  r.answered(0, endpoint::metrics);
  CHECK_EQUAL(r.order(1, t0 + 2s), (positions{1, 0}));
  CAF_CHECK(!r.failed(0, nodes, t0 + 31s)); // known since the first failure

  r.answered(0, nodes);
  CHECK_EQUAL(r.order(2, t0 + 31s), (positions{0, 1}));
}

CAF_TEST(new rules apply to the next failure and the next order) {
  replica_set r{2, balance::failover, 30s};
  r.failed(0, nodes, t0);

  r.set_rules(balance::round_robin, 5s);

  CHECK_EQUAL(r.status(0).rests_until, t0 + 30s);
  r.failed(1, nodes, t0);
  CHECK_EQUAL(r.status(1).rests_until, t0 + 5s);
  CHECK_EQUAL(r.order(1, t0 + 5s), (positions{1, 0}));
  CHECK_EQUAL(r.order(3, t0 + 30s), (positions{1, 0}));
}

CAF_TEST(without replicas the retry plan decides alone) {
  CHECK_EQUAL(pauses(attempt_chain{1}, {reason::connect, {}}),
              (durations{1s, 2s, 4s}));
  CHECK_EQUAL(pauses(attempt_chain{1}, {reason::tls, {}}), durations{});
  CHECK_EQUAL(pauses(attempt_chain{1}, {reason::http_5xx, {}, 503, 3s}),
              (durations{3s, 3s, 4s}));
}

CAF_TEST(untried replicas are asked at once and then the delays count) {
  const failure refused{reason::connect, {}};

  CHECK_EQUAL(pauses(attempt_chain{2}, refused), (durations{0s, 2s, 4s}));
  CHECK_EQUAL(pauses(attempt_chain{3}, refused), (durations{0s, 0s, 4s}));
  CHECK_EQUAL(pauses(attempt_chain{6}, refused),
              (durations{0s, 0s, 0s, 0s, 0s}));
  CHECK_EQUAL(pauses(attempt_chain{2}, refused, {{}, 0, 15s}), durations{0s});
}

CAF_TEST(the attempts go round the replicas) {
  attempt_chain chain{2};
  positions asked{0};
  while (chain.next({reason::connect, {}}, seed, 0))
    asked.push_back(static_cast<std::uint32_t>(chain.place()));

  CHECK_EQUAL(asked, (positions{0, 1, 0, 1}));
  CAF_CHECK_EQUAL(chain.attempts(), 4);
}

CAF_TEST(only an answer of the service keeps a poll from the next replica) {
  for (const auto why : metrics::all_reasons) {
    const failure f{why, {}, why == reason::http_5xx ? 500 : 0};
    const bool answered = metrics::verdict_of(f) == metrics::verdict::success ||
                          metrics::verdict_of(f) == metrics::verdict::neither;

    attempt_chain chain{2};
    CHECK_EQUAL(chain.next(f, seed, 0),
                answered ? std::nullopt : std::optional{duration{0}});
    CHECK_EQUAL(chain.next(f, seed, 0), metrics::retryable(f)
                                            ? std::optional<duration>{2s}
                                            : std::nullopt);
  }
}

CAF_TEST(retry after is followed at the replica that sent it) {
  attempt_chain chain{2};

  CHECK_EQUAL(chain.next({reason::http_5xx, {}, 503, 9s}, seed, 0), 0s);
  CHECK_EQUAL(chain.next({reason::connect, {}}, seed, 0), 9s);
  CHECK_EQUAL(chain.next({reason::connect, {}}, seed, 0), 4s);

  attempt_chain too_long{2};
  CHECK_EQUAL(too_long.next({reason::http_5xx, {}, 503, 16s}, seed, 0), 0s);
  CHECK_EQUAL(too_long.next({reason::connect, {}}, seed, 0), std::nullopt);
}

CAF_TEST(retry after is followed once) {
  const failure busy{reason::http_5xx, {}, 503, 9s};
  const failure refused{reason::connect, {}};
  const retry_plan five{{1s, 2s, 3s, 4s, 5s}, 0, 15s};
  attempt_chain alone{1}, one_of_two{2};

  alone.next(busy, five, 0);
  one_of_two.next(busy, five, 0);
  one_of_two.next(refused, five, 0);

  CHECK_EQUAL(pauses(alone, refused, five), (durations{2s, 3s, 4s, 5s}));
  CHECK_EQUAL(pauses(one_of_two, refused, five), (durations{3s, 4s, 5s}));
}

CAF_TEST(a poll is lost only if every replica has failed in it) {
  std::mt19937_64 engine{5};
  std::uniform_int_distribution count{1, 5}, delays{0, 4}, kind{0, 16};
  int wrong_replicas = 0, wrong_attempts = 0, lost = 0, failures = 0;
  while (failures < 100000) {
    const auto n = static_cast<std::size_t>(count(engine));
    const retry_plan plan{
        durations(static_cast<std::size_t>(delays(engine)), 1s), 0, 15s};
    replica_set r{n, engine() % 2 ? balance::failover : balance::round_robin,
                  30s};
    std::bernoulli_distribution fails{0.1 + 0.85 * (engine() % 100) / 100.0};
    for (std::uint64_t tick = 1; tick < 50; ++tick) {
      const auto now = t0 + tick * 15s;
      const auto order = r.order(tick, now);
      attempt_chain chain{n};
      std::set<std::uint32_t> failed;
      for (bool running = true; running;) {
        const auto asked = order[chain.place()];
        const failure f{
            metrics::all_reasons[static_cast<std::size_t>(kind(engine))], {}};
        if (!fails(engine) ||
            metrics::verdict_of(f) != metrics::verdict::failure) {
          r.answered(asked, nodes);
          break;
        }
        ++failures;
        failed.insert(asked);
        r.failed(asked, nodes, now);
        running = chain.next(f, plan, 0).has_value();
        if (!running) {
          ++lost;
          wrong_replicas += failed.size() != n;
        }
      }
      wrong_attempts += static_cast<std::size_t>(chain.attempts()) >
                        std::max(n, 1 + plan.delays.size());
    }
  }

  CAF_CHECK_EQUAL(wrong_replicas, 0);
  CAF_CHECK_EQUAL(wrong_attempts, 0);
  CAF_CHECK_LESS(1000, lost);
}

CAF_TEST(round robin spreads the polls evenly to within one) {
  for (const std::size_t n : {1, 2, 3, 7}) {
    const replica_set r{n, balance::round_robin, 30s};
    std::vector<int> asked(n);
    for (std::uint64_t tick = 1; tick <= 1000; ++tick) {
      ++asked[r.order(tick, t0)[0]];
      const auto [least, most] =
          std::minmax_element(asked.begin(), asked.end());
      CAF_REQUIRE(*most - *least <= 1);
    }
  }
}
