#define CAF_SUITE supervisor

#include "actors/supervisor.hpp"

#include "actors/journal.hpp"
#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;
using metrics::breaker_state;

using metrics::quality;
using metrics::reason;
using metrics::ticket;

namespace {

constexpr auto nodes = endpoint::nodes_status;

struct supervisor_fixture : fixture {
  supervisor_fixture() {
    auto& g = settings;
    g.open_duration = 30s;
    g.rules.latency_bounds = std::make_shared<const std::vector<double>>();
    g.rules.urls = std::make_shared<const metrics::endpoint_urls>();
    g.wall_clock = [] { return metrics::wall_time{42s}; };
    g.make_fetcher = [this](supervisor_impl::pointer parent, endpoint e) {
      auto f = parent->spawn([this, e]() -> fetcher_actor::behavior_type {
        return {[this, e](atom::fetch, const ticket& t, const poll_order& o) {
                  fetched[index(e)].push_back(t);
                  orders[index(e)].push_back(o);
                },
                [this, e](atom::check) { ++checked[index(e)]; }};
      });
      fetchers[index(e)] = f;
      return f;
    };
    g.make_aggregator = [this](supervisor_impl::pointer parent) {
      aggregator = parent->spawn([this]() -> aggregator_actor::behavior_type {
        return {[this](atom::update, const update_ptr& u) {
          updates.push_back(u);
        }};
      });
      return aggregator;
    };
    story = sys.spawn(journal, logged.log, g.wall_clock);
    aut = sys.spawn(supervisor, g, story, logged.log);
    consume_messages();
  }

  ~supervisor_fixture() {
    caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
    consume_messages();
    kill(story);
  }

  void tick() {
    caf::anon_send(aut, atom::collect_v, betanet::tick{++ticks, now() + 15s});
    consume_messages();
  }

  const ticket& latest(endpoint e) { return fetched[index(e)].back(); }

  static metrics::poll bad(reason why, int status = 0) {
    metrics::poll p;
    p.failure = metrics::failure{why, "text", status};
    return p;
  }

  static metrics::poll good() {
    metrics::poll p;
    p.result = quality::good;
    return p;
  }

  void end(endpoint e, const ticket& t, metrics::poll p) {
    caf::anon_send(aut, atom::poll_v, poll_report{e, t, std::move(p), 100ms});
    consume_messages();
  }

  void end(endpoint e, metrics::poll p) { end(e, latest(e), std::move(p)); }

  void retry(endpoint e) { retry(e, latest(e)); }

  void retry(endpoint e, const ticket& t) {
    caf::anon_send(aut, atom::retry_v, e, t);
    consume_messages();
  }

  void end_all(const metrics::poll& p) {
    for (const auto e : all_endpoints)
      end(e, p);
  }

  /// Opens the breaker of nodes_status by five ticks whose polls fail.
  void open() {
    for (int i = 0; i < 5; ++i) {
      tick();
      end(endpoint::metrics, good());
      end(endpoint::network_stats, good());
      end(nodes, bad(reason::connect));
    }
    REQUIRE_EQUAL(status(nodes).breaker, breaker_state::open);
  }

  const metrics::endpoint_status& status(endpoint e) {
    return updates.back()->endpoints[index(e)];
  }

  std::size_t fetches(endpoint e) { return fetched[index(e)].size(); }

  group_settings settings;
  std::uint64_t ticks = 0;
  std::array<fetcher_actor, 3> fetchers;
  std::array<int, 3> checked{}; ///< How often each fetcher was.
  std::array<std::vector<ticket>, 3> fetched;
  std::array<std::vector<poll_order>, 3> orders;
  aggregator_actor aggregator;
  std::vector<update_ptr> updates;
  journal_actor story;
  supervisor_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_tests, supervisor_fixture)

CAF_TEST(a tick polls the three endpoints) {
  tick();

  for (const auto e : all_endpoints) {
    CAF_CHECK_EQUAL(fetches(e), 1u);
    CAF_CHECK(!latest(e).probe);
  }
  CAF_CHECK_EQUAL(logged.count("Collecting Betanet metrics..."), 1u);
  CHECK_EQUAL(updates.back()->next_tick, now() + 15s);
}

CAF_TEST(the expiry of the latest certificate that was seen is kept) {
  using std::chrono::sys_seconds;
  tick();
  CAF_CHECK(!updates.back()->expiry);

  const auto report = [&](endpoint e, certificate_expiry seen) {
    return poll_report{e, latest(e), good(), 100ms, seen};
  };

  attempt_report failed{nodes, latest(nodes), 1, *bad(reason::eof).failure};
  failed.expiry = sys_seconds{1h};
  caf::anon_send(aut, atom::attempt_v, failed);
  consume_messages();
  CHECK_EQUAL(updates.back()->expiry, sys_seconds{1h});

  caf::anon_send(aut, atom::poll_v, report(endpoint::metrics, sys_seconds{2h}));
  caf::anon_send(aut, atom::poll_v, report(nodes, {})); // a kept connection
  consume_messages();

  CHECK_EQUAL(updates.back()->expiry, sys_seconds{2h});
}

CAF_TEST(a tick during a running poll skips only that endpoint) {
  tick();
  end(endpoint::metrics, good());

  tick();

  CAF_CHECK_EQUAL(fetches(endpoint::metrics), 2u);
  CAF_CHECK_EQUAL(fetches(nodes), 1u);
  CAF_CHECK_EQUAL(status(nodes).counters.skipped, 1u);
  CAF_CHECK_EQUAL(status(nodes).counters.rejected, 0u);
  CAF_CHECK_EQUAL(status(endpoint::metrics).counters.skipped, 0u);
}

CAF_TEST(a tick has only polls that still run checked) {
  tick();
  CHECK_EQUAL(checked, (std::array{0, 0, 0}));
  end(endpoint::metrics, good());

  tick();
  CHECK_EQUAL(checked, (std::array{0, 1, 1}));
}

CAF_TEST(a tick has a probe that runs checked) {
  open();
  tick();
  CAF_CHECK_EQUAL(checked[index(nodes)], 0); // open: nothing runs

  advance(30s);
  tick();
  CAF_CHECK_EQUAL(checked[index(nodes)], 1);
}

CAF_TEST(attempts are counted as they start and as they end) {
  tick();
  const auto& first = status(nodes).counters;
  CAF_CHECK_EQUAL(first.requests, 1u);
  CAF_CHECK_EQUAL(first.retries, 0u);

  caf::anon_send(
      aut, atom::attempt_v,
      attempt_report{
          nodes, latest(nodes), 1, {reason::timeout, "timed out"}, 5s, 1s});
  consume_messages();
  const auto& c = status(nodes).counters;
  CAF_CHECK_EQUAL(c.requests, 1u);
  CAF_CHECK_EQUAL(c.failures[index(reason::timeout)], 1u);
  CAF_CHECK_EQUAL(c.request_duration.counts[9], 1u);

  retry(nodes);
  const auto& second = status(nodes).counters;
  CAF_CHECK_EQUAL(second.requests, 2u);
  CAF_CHECK_EQUAL(second.retries, 1u);

  auto p = good();
  p.attempts = 2;
  end(nodes, p);
  const auto& after = status(nodes).counters;
  CAF_CHECK_EQUAL(after.requests, 2u);
  CAF_CHECK_EQUAL(after.retries, 1u);
  CAF_CHECK_EQUAL(after.failures[index(reason::timeout)], 1u);

  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Attempt 1 failed: HTTP request "
                               "failed: timed out, retrying in 1s\" "
                               "endpoint=nodes_status reason=timeout"),
                  1u);
}

CAF_TEST(an attempt that fails locally is a warning too) {
  tick();

  caf::anon_send(aut, atom::attempt_v,
                 attempt_report{nodes,
                                latest(nodes),
                                1,
                                {reason::local, "Too many open files"},
                                5s,
                                1s});
  consume_messages();

  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Attempt 1 failed: HTTP request "
                               "failed: Too many open files"),
                  1u);
}

CAF_TEST(a probe is counted when it starts) {
  open();
  const auto before = status(nodes).counters.requests;

  advance(30s);
  CAF_CHECK_EQUAL(status(nodes).counters.requests, before + 1);

  end(nodes, good());
  CAF_CHECK_EQUAL(status(nodes).counters.requests, before + 1);
  CAF_CHECK_EQUAL(status(nodes).counters.retries, 0u);
}

CAF_TEST(a good poll updates the status of the endpoint) {
  tick();

  end(nodes, good());

  const auto& s = status(nodes);
  CHECK_EQUAL(s.last_result, quality::good);
  CHECK_EQUAL(s.last_good, now());
  CHECK_EQUAL(s.last_good_wall, metrics::wall_time{42s});
  CAF_REQUIRE(updates.back()->finished);
  CHECK_EQUAL(updates.back()->finished->first, nodes);
}

CAF_TEST(a collection finishes with its last poll) {
  tick();
  end(endpoint::metrics, good());
  end(nodes, bad(reason::connect));
  CAF_CHECK(!updates.back()->collected);
  CAF_CHECK_EQUAL(logged.count("Updated metrics"), 0u);

  end(endpoint::network_stats, bad(reason::connect));
  CAF_CHECK(updates.back()->collected);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Updated metrics: nodes=-, "
                               "connections=-, throughput=- bytes\""),
                  1u);

  tick();
  end_all(bad(reason::connect));
  CAF_CHECK_EQUAL(logged.count("Updated metrics"), 1u);
}

CAF_TEST(a collection logs only the values that it has read) {
  auto read = good();
  read.values[index(metrics::field::total_nodes)] = 7;
  read.values[index(metrics::field::active_nodes)] = 5;
  tick();
  end(endpoint::metrics, good());
  end(endpoint::network_stats, good());
  end(nodes, read);

  tick();
  end(endpoint::metrics, good());
  end(endpoint::network_stats, good());
  end(nodes, bad(reason::connect)); // its values are those of the tick before

  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Updated metrics: nodes=7, "
                               "connections=5, throughput=- bytes\""),
                  1u);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Updated metrics: nodes=-, "
                               "connections=-, throughput=- bytes\""),
                  1u);
}

CAF_TEST(the first collection is that of the first tick) {
  tick();
  end(endpoint::metrics, good());
  end(endpoint::network_stats, good());
  tick(); // the poll of nodes_status is still running
  end(endpoint::metrics, good());
  end(endpoint::network_stats, good());
  CAF_CHECK(!updates.back()->collected);

  end(nodes, bad(reason::timeout));
  CAF_CHECK(updates.back()->collected);
}

CAF_TEST(a successful retry is logged once until no retry is needed) {
  const auto retried = [this] {
    caf::anon_send(
        aut, atom::attempt_v,
        attempt_report{
            nodes, latest(nodes), 1, {reason::reset, "reset"}, 1s, 1s});
    consume_messages();
    auto p = good();
    p.attempts = 2;
    end(nodes, p);
  };

  for (int i = 0; i < 3; ++i) {
    tick();
    retried();
  }
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Attempt"), 1u);

  tick();
  end(nodes, good());
  tick();
  retried();
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Attempt"), 2u);
}

CAF_TEST(a fetcher that dies in a pause counts no attempt) {
  tick();
  caf::anon_send(
      aut, atom::attempt_v,
      attempt_report{
          nodes, latest(nodes), 1, {reason::reset, "reset"}, 1s, 4s});
  consume_messages();

  advance(2s);
  kill(fetchers[1]);

  CAF_CHECK_EQUAL(status(nodes).counters.requests, 1u);
  CAF_CHECK_EQUAL(status(nodes).counters.failures[index(reason::local)], 0u);
  CHECK_EQUAL(status(nodes).last_failure->why, reason::local);
}

CAF_TEST(a fetcher that dies in a retry counts one attempt) {
  tick();
  caf::anon_send(
      aut, atom::attempt_v,
      attempt_report{
          nodes, latest(nodes), 1, {reason::reset, "reset"}, 1s, 1s});
  retry(nodes);
  advance(2s);

  kill(fetchers[1]);

  CAF_CHECK_EQUAL(status(nodes).counters.failures[index(reason::local)], 1u);
  CAF_CHECK_EQUAL(status(nodes).counters.requests, 2u);
  CAF_CHECK_EQUAL(status(nodes).counters.retries, 1u);
}

CAF_TEST(a late poll belongs to its own collection) {
  tick();
  end(endpoint::metrics, bad(reason::connect));
  end(nodes, good());
  tick(); // the poll of network_stats is still running
  end(endpoint::metrics, bad(reason::connect));
  end(nodes, bad(reason::connect));
  CAF_CHECK_EQUAL(logged.count("Updated metrics"), 0u); // of the second one

  end(endpoint::network_stats, bad(reason::connect));
  CAF_CHECK_EQUAL(logged.count("Updated metrics"), 1u); // of the first one
}

CAF_TEST(five failed polls open only the breaker of their endpoint) {
  open();
  CHECK_EQUAL(status(endpoint::metrics).breaker, breaker_state::closed);
  CAF_CHECK_EQUAL(status(nodes).counters.transitions[1], 1u);
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Circuit breaker: Opening circuit "
                               "after 5 failures\" endpoint=nodes_status"),
                  1u);

  tick();
  CAF_CHECK_EQUAL(fetches(nodes), 5u);
  CAF_CHECK_EQUAL(fetches(endpoint::metrics), 6u);
  CAF_CHECK_EQUAL(status(nodes).counters.rejected, 1u);
  CAF_CHECK(status(nodes).refused);
}

CAF_TEST(the probe starts exactly after the open duration) {
  open();

  advance(30s - 1ns);
  CAF_CHECK_EQUAL(fetches(nodes), 5u);

  advance(1ns);
  CAF_REQUIRE_EQUAL(fetches(nodes), 6u);
  CAF_CHECK(latest(nodes).probe);
  CHECK_EQUAL(status(nodes).breaker, breaker_state::half_open);

  tick();
  CAF_CHECK_EQUAL(fetches(nodes), 6u); // only one probe
  CAF_CHECK_EQUAL(status(nodes).counters.rejected, 1u);
  CAF_CHECK_EQUAL(status(nodes).counters.skipped, 0u);
}

CAF_TEST(a failed probe opens the breaker for the full duration) {
  open();
  advance(30s);

  advance(5s);
  end(nodes, bad(reason::timeout));
  CHECK_EQUAL(status(nodes).breaker, breaker_state::open);

  advance(30s - 1ns);
  CAF_CHECK_EQUAL(fetches(nodes), 6u);

  advance(1ns);
  CAF_CHECK_EQUAL(fetches(nodes), 7u);

  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Circuit breaker: Probe failed, "
                               "circuit stays open\""),
                  1u);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Circuit breaker: Attempting "
                               "recovery, entering half-open state\""),
                  1u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Circuit breaker: Attempting"), 1u);
}

CAF_TEST(a good probe closes the breaker and ends the outage) {
  open();
  tick();
  advance(30s);

  end(nodes, good());

  CHECK_EQUAL(status(nodes).breaker, breaker_state::closed);
  CAF_CHECK(!status(nodes).refused);
  CAF_CHECK_EQUAL(status(nodes).counters.transitions[0], 1u);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Circuit breaker: Service "
                               "recovered, closing circuit\" "
                               "endpoint=nodes_status after=30s"),
                  1u);
  CAF_CHECK_EQUAL(logged.count("Recovered after"), 0u);

  tick();
  CAF_CHECK(!latest(nodes).probe);
}

CAF_TEST(a breaker that closes within an outage tells of no recovery) {
  open();
  advance(30s);

  end(nodes, bad(reason::http_4xx, 404)); // an answer, but not a good one

  CHECK_EQUAL(status(nodes).breaker, breaker_state::closed);
  CAF_CHECK_EQUAL(logged.count("Service recovered"), 0u);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Circuit breaker: Service answers, "
                               "closing circuit\" endpoint=nodes_status"),
                  1u);

  advance(15s);
  tick();
  end(nodes, good());
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Recovered after 45s\""), 1u);
}

CAF_TEST(the end of an outage without an open breaker logs its duration) {
  tick();
  end(nodes, bad(reason::connect));
  advance(45s);

  tick();
  end(nodes, good());

  CAF_CHECK_EQUAL(
      logged.count("INFO msg=\"Recovered after 45s\" endpoint=nodes_status"),
      1u);
}

CAF_TEST(results with former tickets are ignored) {
  tick();
  const auto old = latest(nodes);
  end(nodes, bad(reason::connect));
  const auto before = status(nodes).counters.requests;

  for (const auto& p : {good(), bad(reason::timeout)})
    end(nodes, old, p);
  caf::anon_send(aut, atom::attempt_v,
                 attempt_report{nodes, old, 1, {reason::timeout, ""}, 5s, 1s});
  retry(nodes, old);

  CAF_CHECK_EQUAL(status(nodes).counters.requests, before);

  tick();
  CAF_CHECK_EQUAL(status(nodes).counters.requests, before + 1);
  CAF_CHECK_EQUAL(status(nodes).consecutive_failures, 1);
}

CAF_TEST(a long outage is logged once and then at debug level) {
  open();

  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Failed to fetch Betanet metrics: "
                               "text\" endpoint=nodes_status reason=connect"),
                  1u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Failed to fetch"), 4u);
}

CAF_TEST(the log says if all retries failed) {
  tick();
  auto p = bad(reason::connect);
  p.attempts = 4;

  end(nodes, p);

  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Failed to fetch Betanet metrics: "
                               "All retries failed: text\""),
                  1u);
}

CAF_TEST(an open breaker warns at the first refused tick of an outage) {
  open();
  const auto warnings = [this] {
    return logged.count("WARN msg=\"Circuit breaker is OPEN - service may be "
                        "degraded\" endpoint=nodes_status");
  };

  tick();
  tick();
  CAF_CHECK_EQUAL(warnings(), 1u);

  advance(30s);
  end(nodes, bad(reason::connect));
  tick();
  CAF_CHECK_EQUAL(warnings(), 1u);
}

CAF_TEST(each answer is logged at debug level with its status and time) {
  tick();

  end(endpoint::metrics, good());
  end(nodes, bad(reason::json));
  end(endpoint::network_stats, bad(reason::http_4xx, 404));

  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Betanet answered\" "
                               "endpoint=metrics status=200 took=100ms"),
                  1u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Betanet answered\" "
                               "endpoint=nodes_status status=200 took=100ms"),
                  1u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Betanet answered\" "
                               "endpoint=network_stats status=404 took=100ms"),
                  1u);

  tick();
  end(nodes, bad(reason::connect));
  CAF_CHECK_EQUAL(logged.count("Betanet answered"), 3u);
}

CAF_TEST(status 404 from all endpoints is logged with a hint) {
  tick();
  end_all(bad(reason::connect)); // the outage begins with another failure

  tick();
  end_all(bad(reason::http_4xx, 404));

  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Failed to fetch Betanet metrics: "
                               "text from all three endpoints: is this a "
                               "Betanet service with the v1 API"),
                  1u);

  tick();
  end_all(bad(reason::http_4xx, 404));
  CAF_CHECK_EQUAL(logged.count("is this a Betanet service with the v1 API"),
                  1u);
}

CAF_TEST(a fetcher that dies is replaced and its poll ends as local) {
  tick();
  const auto dead = fetchers[1];

  kill(dead);

  CAF_CHECK(fetchers[1] != dead);
  CAF_CHECK_EQUAL(updates.back()->restarts.fetcher, 1u);
  const auto& s = status(nodes);
  CHECK_EQUAL(s.last_failure->why, reason::local);
  CAF_CHECK_EQUAL(s.counters.failures[index(reason::local)], 1u);
  CAF_CHECK_EQUAL(s.consecutive_failures, 0);

  tick();
  CAF_CHECK_EQUAL(fetches(nodes), 2u);
}

CAF_TEST(a fetcher that dies during a probe opens the breaker again) {
  open();
  advance(30s);

  kill(fetchers[1]);
  CHECK_EQUAL(status(nodes).breaker, breaker_state::open);

  advance(30s);
  CAF_CHECK_EQUAL(fetches(nodes), 7u);
  CAF_CHECK(latest(nodes).probe);
}

CAF_TEST(breakers and counters survive the death of actors) {
  open();

  kill(fetchers[1]);
  kill(aggregator);
  tick();

  CHECK_EQUAL(status(nodes).breaker, breaker_state::open);
  CAF_CHECK_EQUAL(status(nodes).counters.requests, 5u);
  CAF_CHECK_EQUAL(updates.back()->restarts.fetcher, 1u);
  CAF_CHECK_EQUAL(updates.back()->restarts.aggregator, 1u);
}

CAF_TEST(a sixth death within a minute ends the supervisor) {
  tick();
  end(nodes, good());
  for (int i = 0; i < 5; ++i) {
    kill(fetchers[0]);
    advance(10s);
  }
  advance(10s); // the first death is then a minute ago

  kill(fetchers[0]);
  tick();
  end(nodes, good());
  tick();
  CAF_CHECK_EQUAL(fetches(nodes), 3u); // alive
  end(nodes, good());

  self->monitor(aut);
  kill(aggregator);
  tick();

  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; },
                caf::after(0s) >> [] {});
  CAF_CHECK(down);
  CAF_CHECK_EQUAL(fetches(nodes), 3u);
  CAF_CHECK_EQUAL(logged.count("Actor died too often"), 1u);
}

CAF_TEST(new settings apply at the next tick) {
  tick();
  end(endpoint::metrics, good());
  const auto before = fetchers;
  auto g = std::make_shared<group_settings>(settings);
  g->failure_threshold = 1;
  g->rules.freshness.ttl = 7s;

  caf::anon_send(aut, atom::configure_v, group_ptr{g});
  consume_messages();
  CHECK_EQUAL(fetchers, before);

  end(nodes, bad(reason::connect)); // the old threshold still applies
  CHECK_EQUAL(status(nodes).breaker, breaker_state::closed);

  tick(); // network_stats is still polled and keeps its fetcher
  CAF_CHECK(fetchers[0] != before[0]);
  CAF_CHECK(fetchers[1] != before[1]);
  CHECK_EQUAL(fetchers[2], before[2]);
  CAF_CHECK_EQUAL(status(endpoint::network_stats).counters.skipped, 1u);
  CAF_REQUIRE(updates.back()->rules);
  CHECK_EQUAL(updates.back()->rules->freshness.ttl, 7s);

  end_all(bad(reason::connect));
  CHECK_EQUAL(status(nodes).breaker, breaker_state::open);
  CAF_CHECK_EQUAL(updates.back()->restarts.fetcher, 0u); // replaced on purpose

  tick();
  CAF_CHECK(!updates.back()->rules);
  CAF_CHECK(fetchers[2] != before[2]);
}

CAF_TEST(settings that come before the first tick start the group) {
  int made = 0, made_formerly = 0;
  const auto counting = [&](int& count) {
    return [this, &count](supervisor_impl::pointer parent, endpoint e) {
      ++count;
      return settings.make_fetcher(parent, e);
    };
  };
  auto former = settings, g = settings;
  former.make_fetcher = counting(made_formerly);
  g.make_fetcher = counting(made);
  const auto other = sys.spawn(supervisor, former, story, logged.log);
  consume_messages();

  caf::anon_send(other, atom::configure_v,
                 std::make_shared<const group_settings>(g));
  consume_messages();
  CAF_CHECK_EQUAL(made + made_formerly, 0);

  caf::anon_send(other, atom::collect_v, betanet::tick{1, now() + 15s});
  consume_messages();
  CAF_CHECK_EQUAL(made, 3);
  CAF_CHECK_EQUAL(made_formerly, 0);
  CAF_CHECK_EQUAL(fetches(nodes), 1u);
  caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
  consume_messages();
}

CAF_TEST(an open breaker keeps its timer when settings change) {
  open();
  advance(10s);
  auto g = std::make_shared<group_settings>(settings);
  g->open_duration = 1h;
  caf::anon_send(aut, atom::configure_v, group_ptr{g});
  tick();
  const auto asked = fetches(nodes);

  advance(20s);

  CAF_CHECK_EQUAL(fetches(nodes), asked + 1); // the probe
  CAF_CHECK(latest(nodes).probe);
}

CAF_TEST(the death of another fetcher does not affect a probe) {
  open();
  advance(30s);
  CAF_REQUIRE(latest(nodes).probe);

  kill(fetchers[index(endpoint::metrics)]);
  CHECK_EQUAL(status(nodes).breaker, breaker_state::half_open);

  end(nodes, good());
  CHECK_EQUAL(status(nodes).breaker, breaker_state::closed);
}

CAF_TEST(late reports and dead fetchers change no adaptive timeout) {
  settings.timeout = 5s;
  settings.adaptive_timeout = true;
  auto g = std::make_shared<const group_settings>(settings);
  caf::anon_send(aut, atom::configure_v, group_ptr{g});
  const auto limit = [this] {
    return orders[index(nodes)].back().turns.at(0).timeout.on_kept_connection();
  };
  for (int i = 0; i < 20; ++i) {
    tick();
    CHECK_EQUAL(limit(), 5s);
    end_all(good());
  }
  const auto old = latest(nodes);
  tick();
  CHECK_EQUAL(limit(), 500ms);
  CHECK_EQUAL(status(nodes).request_timeout, 500ms);

  caf::anon_send(aut, atom::poll_v,
                 poll_report{nodes, old, bad(reason::timeout), 500ms, {}, 5s});
  kill(fetchers[index(nodes)]);
  end(endpoint::metrics, good());
  end(endpoint::network_stats, good());
  tick();

  CHECK_EQUAL(limit(), 500ms);
}

CAF_TEST(only timeouts change an adaptive timeout) {
  settings.timeout = 5s;
  settings.adaptive_timeout = true;
  settings.failure_threshold = 1000;
  auto g = std::make_shared<const group_settings>(settings);
  caf::anon_send(aut, atom::configure_v, group_ptr{g});
  const auto poll = [this](const metrics::poll& p, duration limit) {
    tick();
    for (const auto e : all_endpoints) {
      caf::anon_send(aut, atom::poll_v,
                     poll_report{e, latest(e), p, 50ms, {}, limit});
      consume_messages();
    }
  };
  for (int i = 0; i < 20; ++i)
    poll(good(), 5s);
  REQUIRE_EQUAL(status(nodes).request_timeout, 500ms);

  for (const auto why : {reason::connect, reason::http_5xx, reason::json,
                         reason::eof, reason::auth})
    for (int i = 0; i < 20; ++i)
      poll(bad(why), 500ms);
  CHECK_EQUAL(status(nodes).request_timeout, 500ms);

  poll(bad(reason::timeout), 500ms);
  CHECK_EQUAL(status(nodes).request_timeout, 1s);
}

CAF_TEST(a fetcher that throws is replaced and its poll ends as local) {
  settings.make_fetcher = [](supervisor_impl::pointer parent, endpoint) {
    return parent->spawn([]() -> fetcher_actor::behavior_type {
      return {[](atom::fetch, const ticket&, const poll_order&) {
                throw std::runtime_error("a fault in a handler");
              },
              [](atom::check) {}};
    });
  };
  auto g = std::make_shared<const group_settings>(settings);
  caf::anon_send(aut, atom::configure_v, group_ptr{g});

  tick(); // three fetchers die
  CHECK_EQUAL(status(nodes).last_failure->why, reason::local);
  CAF_CHECK_EQUAL(updates.back()->restarts.fetcher, 3u);

  self->monitor(aut);
  tick(); // the sixth death exceeds the limit
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; });
  CAF_CHECK(down);
  CAF_CHECK_EQUAL(logged.count("Actor died too often"), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
