#define CAF_SUITE chaos

// Runs all actors on virtual time against an upstream that behaves at random,
// while actors die and the clock stops or jumps, and checks invariants. A seed
// determines a run: CHAOS_SEED=n repeats the run of seed n, CHAOS_SEEDS=n sets
// the number of runs.

#include "tests/wired.hpp"

#include <cstdlib>
#include <numeric>
#include <random>
#include <set>

using namespace betanet;
using namespace betanet::testing;
using metrics::breaker_state;

using metrics::field;

namespace {

constexpr std::array errors{net::errc::dns,      net::errc::connect,
                            net::errc::reset,    net::errc::eof,
                            net::errc::timeout,  net::errc::tls,
                            net::errc::protocol, net::errc::too_large,
                            net::errc::encoding, net::errc::local};

constexpr std::array fallbacks{config::parse_fallback::last_known,
                               config::parse_fallback::default_value,
                               config::parse_fallback::omit};

/// The exception for a violated invariant. Its text names the invariant.
struct broken : std::logic_error {
  using std::logic_error::logic_error;
};

void demand(bool truth, const std::string& what) {
  if (!truth)
    throw broken(what);
}

struct life : wired_fixture {
  using supervisor_type =
      caf::stateful_actor<supervisor_state, supervisor_impl::base>;

  explicit life(std::uint64_t seed) : engine(seed) {
    auto& p = settings.targets[0].polling;
    p.retry.jitter = draw(3) == 0 ? 0.5 : 0;
    p.circuit_breaker.failure_threshold = 1 + static_cast<int>(draw(5));
    p.cache.max_stale = draw(4) == 0 ? std::optional<config::duration>{}
                                     : std::chrono::seconds{draw(300)};
    p.collection.fallback = fallbacks[draw(3)];
    if (draw(3) == 0)
      p.collection.interval = 3s; // polls then take longer than the interval
    if (draw(2) == 0)
      detail = metrics::detail::compact;
    start(settings);
    self->monitor(group());
  }

  std::uint64_t draw(std::uint64_t below) { return engine() % below; }

  double random() override {
    return static_cast<double>(draw(2001)) / 1000 - 1;
  }

  supervisor_state& supervisor() {
    return deref<supervisor_type>(group()).state;
  }

  // -- the upstream ----------------------------------------------------------

  /// The client of one endpoint. A new request cancels the previous one, and so
  /// does the destruction of the client.
  struct client {
    int* live = nullptr; ///< The number of running requests at this endpoint.
    std::uint64_t current = 0;
    bool busy = false;
    bool silent = false; ///< The running request will never be answered.

    void abandon() {
      silent = false;
      if (std::exchange(busy, false))
        --*live;
      ++current;
    }
    ~client() { abandon(); }
  };

  transport connect(const config::target& t, endpoint e) override {
    if (!t.name.empty()) // the guest
      return [this, e](auto, auto done) {
        done(draw(2) ? ok(good_body(e)) : refused());
      };
    const auto c = std::make_shared<client>();
    c->live = &live[index(e)];
    return [this, e, c](auto timeout, auto done) {
      request(e, c, timeout.fresh, std::move(done));
    };
  }

  void request(endpoint e, const std::shared_ptr<client>& c,
               std::chrono::nanoseconds timeout,
               std::function<void(net::outcome)> done) {
    const auto i = index(e);
    note(!c->busy || c->silent, "a request while one was running");
    c->abandon();
    c->busy = true;
    ++asked[i];
    note(++live[i] == 1, "two requests at one endpoint");
    const auto& w = supervisor().at(e);
    note(w.breaker.state() != breaker_state::open, "I/O while open");
    if (w.breaker.state() == breaker_state::half_open) {
      note(w.breaker.current() && w.breaker.current()->probe,
           "a request in half-open is no probe");
      note(probed[i].insert(w.breaker.current()->generation).second,
           "two requests by one probe");
    }
    // Only the actor owns the client, so that the client ends with the actor.
    const auto answer = [weak = std::weak_ptr{c}, which = c->current,
                         done](const net::outcome& o) {
      const auto alive = weak.lock();
      if (alive && alive->busy && alive->current == which) {
        alive->busy = false;
        --*alive->live;
        done(o);
      }
    };
    const auto o = outcome(e);
    switch (calm ? 7 : draw(8)) {
    case 0: // no answer ever, not even the timeout of the transport
      c->silent = draw(10) == 0;
      if (c->silent)
        return; // the fetcher's own delayed message ends the attempt
      [[fallthrough]];
    case 1: // a timeout
      return later(timeout, [answer] {
        answer(net::error{net::errc::timeout, "timed out"});
      });
    case 2: // a slow answer
      return later(std::chrono::milliseconds{draw(5000)},
                   [answer, o] { answer(o); });
    case 3: // an answer that is repeated much later
      later(std::chrono::seconds{draw(60)}, [done, o] { done(o); });
      return answer(o);
    default:
      return answer(o);
    }
  }

  /// Stores the first violated invariant. It cannot be thrown, because an
  /// exception would only terminate the actor.
  void note(bool truth, const char* what) {
    if (!truth && violation.empty())
      violation = what;
  }

  net::outcome outcome(endpoint e) {
    if (calm)
      return ok(body(e));
    if (draw(100) < bad_luck)
      return net::error{errors[draw(errors.size())], "a fault"};
    switch (draw(12)) {
    case 0: {
      constexpr std::array statuses{204, 301, 401, 404, 429,
                                    500, 502, 503, 504};
      return net::response{statuses[draw(statuses.size())], "",
                           std::chrono::seconds{draw(3) ? 0 : draw(30)}};
    }
    case 1:
      return ok("<html>");
    case 2:
      return ok("{}");
    default:
      return ok(body(e));
    }
  }

  /// A body with unique numbers, so that each value shown can be found in an
  /// answer.
  std::string body(endpoint e) {
    std::string text = "{";
    for (const auto& row : metrics::field_table) {
      if (row.source != e || (!calm && draw(30) == 0))
        continue;
      served[index(row.id)].insert(static_cast<double>(++number));
      text += (text.size() > 1 ? ",\"" : "\"") + std::string{row.key} +
              "\":" + std::to_string(number);
    }
    return text + "}";
  }

  // -- the run ---------------------------------------------------------------

  void live_on() {
    switch (draw(20)) {
    case 0:
      bad_luck = draw(3) * 45; // 0, 45 or 90 percent
      break;
    case 1:
      kill_somebody();
      break;
    case 2: // the machine sleeps
      sched.clock().current_time += std::chrono::seconds{draw(600)};
      break;
    case 3: // the clock stands still
      consume_messages();
      break;
    case 4:
      change_guest();
      break;
    default:
      advance(std::chrono::milliseconds{draw(10000)});
    }
    consume_messages();
    check();
  }

  /// Adds or removes a second target or changes its URL.
  void change_guest() {
    settings.targets.resize(1);
    if (const auto port = draw(4); port > 0) {
      auto guest = settings.targets[0];
      guest.name = "guest";
      guest.url.port = static_cast<std::uint16_t>(port);
      settings.targets.push_back(guest);
    }
    reload(settings);
    check_page(); // in detail, the counters of a removed target have ended
  }

  void kill_somebody() {
    while (!deaths.empty() && now() - deaths.front() > 60s)
      deaths.pop_front();
    if (deaths.size() == 5)
      return; // a sixth death within a minute would end the supervisor
    deaths.push_back(now());
    const auto who = draw(4);
    if (who == 3)
      kill(supervisor().aggregator);
    else
      kill(supervisor().endpoints[who].fetcher);
  }

  void check() {
    demand(violation.empty(), violation);
    auto& actors = deref<supervisor_type>(group());
    demand(actors.mailbox().blocked(), "a message at rest");
    for (const auto& w : actors.state.endpoints)
      demand(deref<caf::scheduled_actor>(w.fetcher).mailbox().blocked(),
             "a message at rest in a fetcher");
    const auto s = snapshot();
    for (const auto e : all_endpoints)
      check_endpoint(*s, e);
    for (std::size_t i = 0; i < metrics::field_count; ++i) {
      const auto& f = s->fields[i];
      if (f.value)
        demand(served[i].contains(*f.value), "a value nobody served");
    }
    for (const auto& row : metrics::family_table) {
      const auto shown = visible(*s, row, now());
      if (shown && s->fields[index(row.shown)].value != shown)
        demand(*shown == 0 && row.type == metrics::family_type::gauge &&
                   s->rules.fallback == metrics::parse_fallback::default_value,
               "a value that is neither known nor the default");
    }
    const auto observed = std::accumulate(
        s->latency.counts.begin(), s->latency.counts.end(), std::uint64_t{0});
    demand(observed <= served[index(field::avg_latency_ms)].size(),
           "a latency observed twice");
    demand(observed >= std::exchange(latencies, observed),
           "a histogram that went back");
    if (draw(8) == 0)
      check_page();
  }

  void check_page() {
    auto now_shown = page();
    demand(!defect(now_shown), "a defective page");
    if (const auto counter = fallen(shown, now_shown))
      demand(false, "a counter that fell: " + *counter);
    shown = std::move(now_shown);
  }

  void check_endpoint(const metrics::snapshot& s, endpoint e) {
    const auto& status = s.endpoints[index(e)];
    const auto& c = status.counters;
    if (status.last_result && *status.last_result != metrics::quality::good)
      demand(metrics::stale(s, e, now()), "not good and not stale");
    demand(std::accumulate(c.failures.begin(), c.failures.end(),
                           std::uint64_t{0}) <= c.requests,
           "more failures than requests");
    demand(c.retries <= c.requests, "more retries than requests");
    // When a fetcher dies, its attempt is counted even if it was not sent yet.
    demand(c.requests <= asked[index(e)] + s.restarts.fetcher,
           "more requests counted than were sent");
    auto& former = before[index(e)];
    demand(c.requests >= former.requests && c.retries >= former.retries &&
               c.skipped >= former.skipped && c.rejected >= former.rejected,
           "a counter that went back");
    for (std::size_t r = 0; r < c.failures.size(); ++r)
      demand(c.failures[r] >= former.failures[r], "failures that went back");
    former = c;
    const auto entered = [&](breaker_state to) {
      return c.transitions[metrics::index(to)];
    };
    const auto opened = entered(breaker_state::open);
    const auto tried = entered(breaker_state::half_open);
    const auto closed = entered(breaker_state::closed);
    demand(tried <= opened && opened <= tried + 1, "a trial without opening");
    demand(closed <= tried, "a closing without a trial");
    const auto& w = supervisor().at(e);
    demand(w.breaker.state() != breaker_state::open || !w.breaker.current(),
           "a ticket while open");
    demand(w.breaker.state() != breaker_state::half_open || w.breaker.current(),
           "half-open without a probe");
  }

  /// Checks that all endpoints are up again soon after the upstream works.
  void check_recovery() {
    calm = true;
    advance(3min); // the longest poll, an open breaker and some ticks
    const auto s = snapshot();
    demand(metrics::up(*s), "not up after recovery");
    for (const auto e : all_endpoints) {
      demand(!metrics::stale(*s, e, now()), "stale after recovery");
      demand(supervisor().at(e).breaker.state() == breaker_state::closed,
             "not closed after recovery");
    }
    check();
  }

  std::mt19937_64 engine;
  config::settings settings = config::parse_yaml("", "");
  bool calm = false;          ///< The upstream answers all requests well.
  std::uint64_t bad_luck = 0; ///< The percentage of requests that fail.
  std::array<int, 3> live{};
  std::array<std::uint64_t, 3> asked{}; ///< Requests sent to each endpoint.
  /// The counters at the previous check.
  std::array<metrics::endpoint_counters, 3> before;
  std::uint64_t latencies = 0; ///< In the histogram at the previous check.
  std::string shown;           ///< The previous page.
  std::array<std::set<std::uint64_t>, 3> probed;
  std::array<std::set<double>, metrics::field_count> served;
  std::uint64_t number = 0;
  std::string violation; ///< The first invariant violated inside an actor.
  std::deque<metrics::time_point> deaths;
};

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::stoull(text) : fallback;
}

} // namespace

CAF_TEST(the invariants hold in all random runs) {
  const auto only = from_environment("CHAOS_SEED", 0);
  const auto first = only ? only : 1;
  const auto last = only ? only : from_environment("CHAOS_SEEDS", 2000);
  for (auto seed = first; seed <= last; ++seed) {
    life l{seed};
    int step = 0;
    try {
      for (; step < 100; ++step)
        l.live_on();
      l.check_recovery();
    } catch (const broken& b) {
      CAF_FAIL("CHAOS_SEED=" << seed << " step " << step << ": " << b.what());
    }
  }
  CAF_MESSAGE(last - first + 1 << " lives");
}
