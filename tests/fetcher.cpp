#define CAF_SUITE fetcher

#include "actors/fetcher.hpp"

#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;
using metrics::quality;
using metrics::reason;

namespace {

struct fetcher_fixture : fixture {
  fetcher_fixture() {
    supervisor = sys.spawn([this]() -> supervisor_actor::behavior_type {
      return {
          [](atom::configure, const group_ptr&) {},
          [](atom::collect, const tick&) {},
          [this](atom::attempt, const attempt_report& r) {
            attempts.push_back(r);
          },
          [this](atom::retry, endpoint e, const metrics::ticket& t) {
            CHECK_EQUAL(e, endpoint::metrics);
            CAF_CHECK_EQUAL(t.generation, generation);
            retried.push_back(now() - t0);
          },
          [this](atom::poll, const poll_report& r) { polls.push_back(r); },
      };
    });
    spawn_fetcher({1s, 2s, 4s});
  }

  ~fetcher_fixture() { kill(aut); }

  void spawn_fetcher(std::vector<duration> delays, double jitter = 0) {
    if (aut)
      kill(aut);
    aut = sys.spawn(
        fetcher,
        fetch_settings{endpoint::metrics, {std::move(delays), jitter, 15s}},
        std::vector{client(0), client(1)},
        std::function<double()>{[this] { return random; }}, supervisor);
  }

  transport client(std::uint32_t replica) {
    return [this, replica](auto limits, auto done) {
      asked.push_back(replica);
      limits_given.emplace_back(limits.kept, limits.fresh);
      started.push_back(now() - t0);
      pending.push_back(done);
    };
  }

  void fetch(bool probe = false) {
    fetch({{{0, metrics::request_timeout{5s}}}}, probe);
  }

  void fetch(poll_order order, bool probe = false) {
    anon_send(aut, atom::fetch_v, metrics::ticket{++generation, probe},
              std::move(order));
    consume_messages();
  }

  void check() {
    anon_send(aut, atom::check_v);
    consume_messages();
  }

  /// Answers attempt `n`, counted from 0. It need not be the latest attempt.
  void answer(std::size_t n, net::outcome o) {
    pending.at(n)(std::move(o));
    consume_messages();
  }

  metrics::time_point t0 = now();
  supervisor_actor supervisor;
  fetcher_actor aut;
  double random = 0;
  std::uint64_t generation = 0;
  std::vector<duration> started;    ///< The start times of the attempts.
  std::vector<std::uint32_t> asked; ///< The replicas of the attempts.
  /// The time limits of the attempts, over a kept and a fresh connection.
  std::vector<std::pair<duration, duration>> limits_given;
  std::vector<duration> retried; ///< When the supervisor was told of a retry.
  std::vector<std::function<void(net::outcome)>> pending;
  std::vector<attempt_report> attempts;
  std::vector<poll_report> polls;
};

const auto good = good_body(endpoint::metrics);

net::outcome status(int code, std::chrono::seconds retry_after = 0s) {
  return net::response{code, "{}", retry_after};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetcher_tests, fetcher_fixture)

CAF_TEST(a good answer ends the poll with its values) {
  fetch();

  answer(0, ok(good));

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  const auto& p = polls[0];
  CHECK_EQUAL(p.ticket, (metrics::ticket{1, false}));
  CHECK_EQUAL(p.poll.result, quality::good);
  CAF_CHECK(!p.poll.failure);
  CAF_CHECK_EQUAL(p.poll.values[index(metrics::field::packets_processed)],
                  5000.0);
  CAF_CHECK(attempts.empty());
}

CAF_TEST(attempts at a refused endpoint start after 0 1 3 and 7 seconds) {
  fetch();

  for (std::size_t n = 0; n < 4; ++n) {
    CAF_REQUIRE_EQUAL(started.size(), n + 1);
    answer(n, refused());
    advance(n < 3 ? duration{1s} * (1 << n) : duration{0s});
  }

  CHECK_EQUAL(started, (std::vector<duration>{0s, 1s, 3s, 7s}));
  CHECK_EQUAL(retried, (std::vector<duration>{1s, 3s, 7s}));
  CAF_REQUIRE_EQUAL(attempts.size(), 3u);
  CHECK_EQUAL(attempts[2].retry_in, 4s);
  CAF_CHECK_EQUAL(attempts[2].attempt, 3);
  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CHECK_EQUAL(polls[0].poll.result, quality::bad);
  CAF_CHECK_EQUAL(polls[0].poll.attempts, 4);
  CHECK_EQUAL(polls[0].poll.failure->why, reason::connect);

  advance(60s);
  CAF_CHECK_EQUAL(started.size(), 4u);
}

CAF_TEST(a success on the third attempt ends the chain) {
  fetch();

  answer(0, refused());
  advance(1s);
  answer(1, refused());
  advance(2s);
  answer(2, ok(good));

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CAF_CHECK_EQUAL(polls[0].poll.attempts, 3);

  advance(60s);
  CAF_CHECK_EQUAL(started.size(), 3u);
  CAF_CHECK_EQUAL(polls.size(), 1u);
}

CAF_TEST(a probe makes one attempt) {
  fetch(true);
  answer(0, refused());

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CAF_CHECK(polls[0].ticket.probe);

  advance(60s);
  CAF_CHECK(retried.empty());
  CAF_CHECK_EQUAL(started.size(), 1u);
}

CAF_TEST(a late answer of a timed out attempt is not used) {
  fetch();

  answer(0, net::error{net::errc::timeout, "timed out"});
  answer(0, ok(good));
  advance(1s);
  answer(0, ok(good));
  CAF_CHECK(polls.empty());

  answer(1, refused());
  CAF_CHECK_EQUAL(attempts.size(), 2u);
}

CAF_TEST(an attempt is ended at the second check that finds it overdue) {
  fetch(true);

  check();
  advance(6s - 1ns);
  check();
  check();
  CAF_CHECK(polls.empty());

  advance(1ns);
  check();
  CAF_CHECK(polls.empty());

  check();
  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CHECK_EQUAL(polls[0].poll.failure->why, reason::timeout);
}

CAF_TEST(an answer between two checks is used) {
  fetch();
  advance(1h); // the process was stopped
  check();

  answer(0, ok(good));
  check();

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CAF_CHECK(!polls[0].poll.failure);
}

CAF_TEST(each attempt is found overdue on its own) {
  fetch();
  advance(6s);
  check();
  answer(0, refused());
  advance(1s); // the pause
  CAF_REQUIRE_EQUAL(started.size(), 2u);

  advance(6s);
  check();
  CAF_CHECK_EQUAL(attempts.size(), 1u);
  check();

  CAF_REQUIRE_EQUAL(attempts.size(), 2u);
  CHECK_EQUAL(attempts[1].failure.why, reason::timeout);
}

CAF_TEST(a check between polls and in a pause does nothing) {
  fetch();
  answer(0, refused());
  check();
  check();
  advance(1s);
  answer(1, ok(good));
  advance(1h);
  check();
  check();

  CAF_CHECK_EQUAL(attempts.size(), 1u);
  CAF_CHECK_EQUAL(polls.size(), 1u);
}

CAF_TEST(a poll without retries sets no alarm) {
  fetch();

  CAF_CHECK(sched.clock().schedule().empty());
}

CAF_TEST(a new ticket cancels the previous poll without a result) {
  fetch();
  answer(0, refused());

  fetch();
  CAF_CHECK_EQUAL(started.size(), 2u);

  advance(1s); // the pause of the first poll ends
  CAF_CHECK_EQUAL(started.size(), 2u);

  answer(1, ok(good));
  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CAF_CHECK_EQUAL(polls[0].ticket.generation, 2u);
}

CAF_TEST(the next replica is asked at once and then the delays count) {
  const metrics::request_timeout limit{5s};
  fetch({{{1, limit}, {0, limit}}});

  answer(0, refused());
  CHECK_EQUAL(asked, (std::vector<std::uint32_t>{1, 0}));
  CHECK_EQUAL(started, (std::vector<duration>{0s, 0s}));
  CHECK_EQUAL(attempts.at(0).retry_in, 0s);

  answer(1, refused());
  advance(2s);
  answer(2, refused());
  advance(4s);
  answer(3, refused());

  CHECK_EQUAL(asked, (std::vector<std::uint32_t>{1, 0, 1, 0}));
  CHECK_EQUAL(started, (std::vector<duration>{0s, 0s, 2s, 6s}));
  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CAF_CHECK_EQUAL(polls[0].poll.attempts, 4);
  CAF_CHECK_EQUAL(polls[0].poll.replica, 0u);
}

CAF_TEST(a poll that a replica saves is good and names the replica) {
  const metrics::request_timeout limit{5s};
  fetch({{{0, limit}, {1, limit}}});

  answer(0, status(500)); // not retried at the same replica
  answer(1, ok(good));

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CHECK_EQUAL(polls[0].poll.result, quality::good);
  CAF_CHECK_EQUAL(polls[0].poll.replica, 1u);
  CAF_CHECK_EQUAL(polls[0].poll.attempts, 2);
}

CAF_TEST(a probe asks one replica) {
  const metrics::request_timeout limit{5s};
  fetch({{{0, limit}, {1, limit}}}, true);

  answer(0, refused());
  advance(60s);

  CHECK_EQUAL(asked, (std::vector<std::uint32_t>{0}));
  CAF_CHECK_EQUAL(polls.size(), 1u);
}

CAF_TEST(each timeout doubles the limit of the next attempt) {
  fetch({{{0, metrics::request_timeout{500ms, 5s, 4}}}});

  advance(500ms);
  answer(0, net::error{net::errc::timeout, "timed out"});
  advance(1s);
  answer(1, refused());
  advance(2s + 1250ms);
  answer(2, net::error{net::errc::timeout, "timed out"});

  using limits = std::vector<std::pair<duration, duration>>;
  CHECK_EQUAL(limits_given,
              (limits{{500ms, 1250ms}, {1s, 1250ms}, {1s, 1250ms}}));
  CHECK_EQUAL(attempts.at(0).limit, 500ms);
  CHECK_EQUAL(attempts.at(2).limit, 1250ms);

  advance(4s);
  CHECK_EQUAL(limits_given.at(3), (std::pair<duration, duration>{2s, 2s}));
}

CAF_TEST(only gateway errors are retried) {
  const std::tuple<int, reason, bool> table[] = {
      {502, reason::http_5xx, true},  {503, reason::http_5xx, true},
      {504, reason::http_5xx, true},  {500, reason::http_5xx, false},
      {501, reason::http_5xx, false}, {505, reason::http_5xx, false},
      {204, reason::http_2xx, false}, {206, reason::http_2xx, false},
      {301, reason::http_3xx, false}, {304, reason::http_3xx, false},
      {400, reason::http_4xx, false}, {404, reason::http_4xx, false},
      {429, reason::http_4xx, false}, {401, reason::auth, false},
      {403, reason::auth, false},     {407, reason::auth, false}};

  for (const auto& [code, why, again] : table) {
    attempts.clear();
    polls.clear();
    fetch();
    answer(pending.size() - 1, status(code));

    CAF_CHECK_EQUAL(attempts.size(), again ? 1u : 0u);
    CAF_CHECK_EQUAL(polls.size(), again ? 0u : 1u);
    const auto& f = again ? attempts[0].failure : *polls[0].poll.failure;
    CHECK_EQUAL(f.why, why);
    CAF_CHECK_EQUAL(f.status, code);
    CAF_CHECK_EQUAL(
        f.text,
        "HTTP status " + std::to_string(code) +
            (why == reason::http_3xx ? ", redirects are not followed" : ""));
  }
}

CAF_TEST(retry after is followed on gateway errors only) {
  fetch();
  answer(0, status(503, 10s));
  CHECK_EQUAL(attempts.at(0).retry_in, 10s);

  fetch();
  answer(1, status(503, 16s));
  CAF_CHECK_EQUAL(polls.size(), 1u);

  fetch();
  answer(2, status(429, 10s));
  CAF_CHECK_EQUAL(polls.size(), 2u);
  CHECK_EQUAL(polls.at(1).poll.failure->retry_after, 0s);
}

CAF_TEST(a body without an object is bad and one without a field partial) {
  fetch();
  answer(0, ok("[]"));
  CHECK_EQUAL(polls.at(0).poll.result, quality::bad);
  CHECK_EQUAL(polls[0].poll.failure->why, reason::json);

  fetch();
  answer(1, ok(R"({"packets_processed": 1})"));
  CHECK_EQUAL(polls.at(1).poll.result, quality::partial);
  CHECK_EQUAL(polls[1].poll.failure->why, reason::schema);

  CAF_CHECK(attempts.empty());
}

CAF_TEST(every error of the network has its reason) {
  spawn_fetcher({});
  const std::pair<net::errc, reason> table[] = {
      {net::errc::dns, reason::dns},
      {net::errc::connect, reason::connect},
      {net::errc::reset, reason::reset},
      {net::errc::eof, reason::eof},
      {net::errc::timeout, reason::timeout},
      {net::errc::tls, reason::tls},
      {net::errc::protocol, reason::protocol},
      {net::errc::too_large, reason::too_large},
      {net::errc::encoding, reason::encoding},
      {net::errc::local, reason::local}};

  for (const auto& [code, why] : table) {
    fetch();
    answer(pending.size() - 1, net::error{code, "text"});
    CHECK_EQUAL(polls.back().poll.failure->why, why);
    CAF_CHECK_EQUAL(polls.back().poll.failure->text, "text");
  }
}

CAF_TEST(the reports tell when the certificate expires that was seen) {
  const std::chrono::sys_seconds t{42h};
  net::error failed{net::errc::eof, "closed"};
  failed.trace.certificate_expiry = t;
  net::response answered{200, good};
  answered.trace.certificate_expiry = t + 1s;

  fetch();
  answer(0, failed);
  advance(1s);
  answer(1, answered);

  CHECK_EQUAL(attempts.at(0).expiry, t);
  CHECK_EQUAL(polls.at(0).expiry, t + 1s);
}

CAF_TEST(jitter changes the pause) {
  spawn_fetcher({1s}, 0.2);
  random = -1;

  fetch();
  answer(0, refused());
  CHECK_EQUAL(attempts.at(0).retry_in, 800ms);

  advance(800ms);
  CAF_CHECK_EQUAL(started.size(), 2u);
}

CAF_TEST(a large answer is judged like a small one) {
  fetch();

  answer(0, net::response{200,
                          "{\"x\":\"" + std::string(1 << 20, 'x') +
                              "\",\"packets_processed\":5,"
                              "\"packets_dropped\":1}",
                          0s});

  CAF_REQUIRE_EQUAL(polls.size(), 1u);
  CHECK_EQUAL(polls[0].poll.result, metrics::quality::good);
  CHECK_EQUAL(polls[0].poll.values[index(metrics::field::packets_processed)],
              5.0);
}

CAF_TEST(a large answer that is judged too late is not used) {
  fetch();

  pending.at(0)(net::response{200, std::string(1 << 20, 'x'), 0s});
  fetch();
  consume_messages();
  CAF_CHECK(polls.empty());

  answer(1, net::response{200, "{}", 0s});
  CAF_CHECK_EQUAL(polls.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
