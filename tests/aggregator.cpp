#define CAF_SUITE aggregator

#include "actors/aggregator.hpp"

#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

using metrics::field;
using metrics::quality;

namespace {

struct aggregator_fixture : fixture {
  aggregator_fixture() {
    stored = std::make_shared<const metrics::snapshot>(
        metrics::freshness_rules{15s, 5s, 10s, 5min},
        std::make_shared<const std::vector<double>>(std::vector{0.05}), now());
    store = sys.spawn([this]() -> snapshot_store_actor::behavior_type {
      return {
          [this](atom::put, const std::string& target, const snapshot_ptr& s) {
            CAF_CHECK_EQUAL(target, "eu-1");
            stored = s;
          },
          [this](atom::restore,
                 const std::string&) -> caf::result<snapshot_ptr> {
            if (!answering)
              return caf::sec::runtime_error;
            return stored;
          },
      };
    });
    story = sys.spawn([this]() -> journal_actor::behavior_type {
      return {
          [](atom::attempt, const metrics::subject_ptr&,
             const attempt_report&) {},
          [](atom::poll, const metrics::subject_ptr&, const ended_poll_ptr&) {},
          [this](atom::note, const metrics::subject_ptr& s, incident what) {
            CHECK_EQUAL(s, about);
            CHECK_EQUAL(what, incident::went_stale);
            ++stale;
          },
          [](atom::drop, std::uint64_t) {},
      };
    });
    start();
  }

  ~aggregator_fixture() { kill(aut); }

  void start() {
    aut = sys.spawn(aggregator, "eu-1", store, story);
    consume_messages();
  }

  static metrics::poll latency(double ms) {
    metrics::poll p;
    p.result = quality::good;
    p.values[index(field::avg_latency_ms)] = ms;
    p.values[index(field::bytes_transmitted)] = 1000000;
    return p;
  }

  static metrics::poll bad() {
    metrics::poll p;
    p.failure = metrics::failure{metrics::reason::connect, "refused"};
    return p;
  }

  void finish(metrics::poll p) {
    update u;
    u.at = now();
    u.endpoints[2].last_result = p.result;
    u.endpoints[2].last_failure = p.failure;
    u.endpoints[2].counters.requests = ++requests;
    u.finished.emplace(endpoint::network_stats, std::move(p));
    u.about = about;
    u.expiry = std::chrono::sys_seconds{1h};
    caf::anon_send(aut, atom::update_v, std::make_shared<const update>(u));
    consume_messages();
  }

  std::uint64_t requests = 0;
  bool answering = true;
  snapshot_ptr stored;
  snapshot_store_actor store;
  const metrics::subject_ptr about = std::make_shared<const metrics::subject>();
  int stale = 0; ///< How often the journal was told of an old value.
  journal_actor story;
  aggregator_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(aggregator_tests, aggregator_fixture)

CAF_TEST(an update becomes a snapshot) {
  finish(latency(45));

  CAF_CHECK_EQUAL(stored->endpoints[2].counters.requests, 1u);
  CHECK_EQUAL(stored->certificate_expiry, std::chrono::sys_seconds{1h});
  CHECK_EQUAL(visible(*stored, field::bytes_transmitted, now()), 1e6);
  CHECK_EQUAL(stored->latency.counts, (std::vector<std::uint64_t>{1, 0}));
}

CAF_TEST(the histogram observes one value per poll that read it) {
  finish(latency(45));
  finish(bad());
  finish(bad());
  finish(latency(60));

  CHECK_EQUAL(stored->latency.counts, (std::vector<std::uint64_t>{1, 1}));
}

CAF_TEST(a published snapshot never changes) {
  finish(latency(45));
  const auto first = stored;

  finish(latency(60));

  CAF_CHECK(first != stored);
  CHECK_EQUAL(first->latency.counts, (std::vector<std::uint64_t>{1, 0}));
}

CAF_TEST(a new aggregator starts from the snapshot of the cache) {
  finish(latency(45));

  kill(aut);
  start();
  finish(latency(45));

  CHECK_EQUAL(stored->latency.counts, (std::vector<std::uint64_t>{2, 0}));
}

CAF_TEST(it terminates if the cache does not answer) {
  kill(aut);
  answering = false;

  start();
  self->monitor(aut);
  consume_messages();

  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; });
  CAF_CHECK(down);
}

CAF_TEST(it waits five seconds for the cache) {
  kill(aut);
  std::vector<caf::typed_response_promise<snapshot_ptr>> unanswered;
  store = sys.spawn([&](snapshot_store_actor::pointer mute)
                        -> snapshot_store_actor::behavior_type {
    return {
        [](atom::put, const std::string&, const snapshot_ptr&) {},
        [&, mute](atom::restore,
                  const std::string&) -> caf::result<snapshot_ptr> {
          unanswered.push_back(mute->make_response_promise<snapshot_ptr>());
          return unanswered.back();
        },
    };
  });
  start();
  self->monitor(aut);
  const auto is_down = [this] {
    bool down = false;
    self->receive([&](const caf::down_msg&) { down = true; },
                  caf::after(0s) >> [] {});
    return down;
  };

  advance(5s - 1ns);
  CAF_CHECK(!is_down());
  advance(1ns);
  CAF_CHECK(is_down());
}

CAF_TEST(it terminates if the cache does not know its target) {
  kill(aut);
  stored = nullptr;

  start();
  self->monitor(aut);
  consume_messages();

  caf::error reason;
  self->receive([&](const caf::down_msg& down) { reason = down.reason; });
  CHECK_EQUAL(reason, caf::exit_reason::user_shutdown);
}

CAF_TEST(a failed poll is told as stale only if there is an old value) {
  finish(bad());
  auto no_json = bad();
  no_json.failure->why = metrics::reason::json; // gauges then show 0
  finish(no_json);
  CAF_CHECK_EQUAL(stale, 0);

  finish(latency(45));
  CAF_CHECK_EQUAL(stale, 0);

  finish(bad());
  CAF_CHECK_EQUAL(stale, 1);
}

CAF_TEST(new rules apply at once and new buckets start at zero) {
  finish(latency(45));
  update u;
  u.rules = display_rules{
      {30s, 5s, 1s, 5min},
      std::make_shared<const std::vector<double>>(std::vector{0.05}),
      std::make_shared<const metrics::endpoint_urls>(
          metrics::endpoint_urls{"a", "b", "c"})};

  caf::anon_send(aut, atom::update_v, std::make_shared<const update>(u));
  consume_messages();
  CHECK_EQUAL(stored->rules.ttl, 1s);
  CHECK_EQUAL(stored->urls, u.rules->urls);
  CAF_CHECK_EQUAL(stored->latency.counts[0], 1u);

  u.rules->latency_bounds =
      std::make_shared<const std::vector<double>>(std::vector{0.1, 0.2});
  caf::anon_send(aut, atom::update_v, std::make_shared<const update>(u));
  consume_messages();
  CHECK_EQUAL(stored->latency.counts, (std::vector<std::uint64_t>{0, 0, 0}));
  CAF_CHECK_EQUAL(stored->latency.sum, 0.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
