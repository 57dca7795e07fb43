#define CAF_SUITE guard

#include "actors/guard.hpp"

#include "tests/fake_exchange.hpp"
#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

/// Bcrypt hashes of `right` with cost 4 and of `other` with cost 5.
constexpr auto alices_hash =
    "$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC";
constexpr auto bobs_hash =
    "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";

constexpr auto alice = "Basic YWxpY2U6cmlnaHQ=";  // alice:right
constexpr auto bob = "Basic Ym9iOm90aGVy";        // bob:other
constexpr auto wrong = "Basic YWxpY2U6d3Jvbmc=";  // alice:wrong
constexpr auto nobody = "Basic bm9ib2R5OnJpZ2h0"; // nobody:right

/// A guard with a file that tests set and a front that only records.
struct guard_fixture : fixture {
  void start(config::web_config c) {
    file.found = std::move(c);
    guard_settings how;
    how.first = file;
    how.read = [this](auto done) {
      ++readings;
      done(file);
    };
    how.verify = [this](auto work, auto done) {
      if (no_threads)
        return false;
      works.push_back([work, done] { done(work()); });
      return true;
    };
    how.matches = [this](const std::string& password, const std::string& hash) {
      steps += 1u << net::cost_of(hash);
      return net::matches(password, hash);
    };
    how.secure = [this](auto s) { secured.push_back(std::move(s)); };
    front = sys.spawn([this]() -> http_front_actor::behavior_type {
      return {[this](atom::serve, const exchange_ptr&, permission granted) {
        passed.push_back(granted);
      }};
    });
    aut = sys.spawn(guard, how, front, logged.log);
    consume_messages();
  }

  ~guard_fixture() override {
    kill(aut);
    kill(front);
  }

  void send(const std::string& path, const std::string& authorization = {},
            const std::string& peer = "10.0.0.1") {
    const auto e = std::make_shared<fake_exchange>();
    e->asked.peer = peer;
    e->asked.path = path;
    e->asked.authorization = authorization;
    caf::anon_send(aut, atom::serve_v, exchange_ptr{e});
    consume_messages();
  }

  /// Runs the checks of passwords, one at a time, until none is left.
  void work() {
    while (!works.empty()) {
      CAF_REQUIRE_EQUAL(works.size(), 1u);
      std::exchange(works, {})[0]();
      consume_messages();
    }
  }

  /// The permission of a request after all queued checks have been run.
  permission ask(const std::string& path,
                 const std::string& authorization = {}) {
    passed.clear();
    send(path, authorization);
    work();
    CAF_REQUIRE_EQUAL(passed.size(), 1u);
    return passed[0];
  }

  static config::web_config with_users() {
    config::web_config c;
    c.users = {{"alice", alices_hash}, {"bob", bobs_hash}};
    return c;
  }

  web_reading file;
  int readings = 0;
  unsigned steps = 0; ///< The number of bcrypt steps so far.
  bool no_threads = false;
  std::vector<std::function<void()>> works;
  std::vector<net::server_security> secured;
  std::vector<permission> passed;
  http_front_actor front;
  guard_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(guard_tests, guard_fixture)

CAF_TEST(without users every client has full permission) {
  start({});

  CHECK_EQUAL(ask("/metrics"), permission::full);
  CHECK_EQUAL(ask("/metrics", wrong), permission::full);
  CHECK_EQUAL(ask("/health"), permission::full);
  CAF_CHECK_EQUAL(works.size(), 0u);
}

CAF_TEST(with users all paths but those of health need a login) {
  start(with_users());

  for (const auto* path :
       {"/metrics", "/", "/config", "/sd", "/-/reload", "/nowhere"}) {
    CHECK_EQUAL(ask(path), permission::login_needed);
    CHECK_EQUAL(ask(path, wrong), permission::login_needed);
    CHECK_EQUAL(ask(path, nobody), permission::login_needed);
    CHECK_EQUAL(ask(path, "Basic nonsense"), permission::login_needed);
    CHECK_EQUAL(ask(path, alice), permission::full);
    CHECK_EQUAL(ask(path, bob), permission::full);
  }

  for (const auto* path : {"/health", "/-/healthy", "/-/ready"}) {
    CHECK_EQUAL(ask(path), permission::health_only);
    CHECK_EQUAL(ask(path, wrong), permission::health_only);
    CHECK_EQUAL(ask(path, alice), permission::full);
  }
}

CAF_TEST(a good login is checked once and a bad one every time) {
  start(with_users());

  send("/metrics", alice);
  CAF_CHECK_EQUAL(works.size(), 1u);
  CAF_CHECK_EQUAL(passed.size(), 0u);
  work();

  send("/metrics", alice);
  CAF_CHECK_EQUAL(works.size(), 0u);
  CAF_CHECK_EQUAL(passed.size(), 2u);

  for (int i = 0; i < 3; ++i) {
    send("/metrics", wrong);
    CAF_CHECK_EQUAL(works.size(), 1u);
    work();
  }
}

CAF_TEST(concurrent requests with equal logins share one check) {
  start(with_users());

  for (int i = 0; i < 40; ++i)
    send("/metrics", alice);
  send("/health", alice);
  CAF_CHECK_EQUAL(works.size(), 1u);
  CAF_CHECK_EQUAL(passed.size(), 0u);

  work();
  CHECK_EQUAL(passed, std::vector<permission>(41, permission::full));
}

CAF_TEST(refusing a login takes equally long for every user name) {
  auto c = with_users(); // alice at cost 4, bob at cost 5
  c.users["carol"] = net::decoy_hash(8);
  start(c);

  for (const auto* who : {wrong, nobody, "Basic Ym9iOng=" /* bob:x */,
                          "Basic Y2Fyb2w6eA==" /* carol:x */}) {
    steps = 0;
    CHECK_EQUAL(ask("/metrics", who), permission::login_needed);
    CAF_CHECK_EQUAL(steps, 256u);
  }
}

CAF_TEST(refusing a login takes no longer than the slowest hash demands) {
  config::web_config c;
  c.users = {{"alice", alices_hash}}; // the lowest cost of all: 4
  start(c);

  for (const auto* who : {wrong, nobody}) {
    steps = 0;
    CHECK_EQUAL(ask("/metrics", who), permission::login_needed);
    CAF_CHECK_EQUAL(steps, 16u);
  }
}

CAF_TEST(clients without a place for their login are busy) {
  start(with_users());
  const auto guess = [](int i) { // user xx, one of a hundred passwords
    return std::string{"Basic eHg6YW"} + static_cast<char>('a' + i / 10) +
           static_cast<char>('a' + i % 10);
  };

  for (int i = 0; i < 100; ++i)
    send("/metrics", guess(i));
  CHECK_EQUAL(passed, std::vector<permission>(96, permission::busy));
  passed.clear();
  send("/health", guess(99)); // health needs no login
  CHECK_EQUAL(passed, std::vector{permission::health_only});

  passed.clear();
  send("/metrics", alice, "10.0.0.2");
  work();
  CHECK_EQUAL(passed,
              (std::vector{permission::login_needed, permission::login_needed,
                           permission::full, permission::login_needed,
                           permission::login_needed}));
}

CAF_TEST(known and unknown names are answered alike while one is checked) {
  start(with_users());

  send("/metrics", nobody);
  for (const auto* who : {wrong, "Basic eHg6YWFh" /* xx:aaa */})
    send("/metrics", who);

  CAF_CHECK_EQUAL(passed.size(), 0u);
  work();
  CHECK_EQUAL(passed, std::vector<permission>(3, permission::login_needed));
}

CAF_TEST(logins stay valid when files change) {
  start(with_users());
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  file.found.headers = {{"X-XSS-Protection", "0"}};
  advance(1s);
  CAF_CHECK_EQUAL(secured.size(), 2u);

  passed.clear();
  send("/metrics", alice);
  CHECK_EQUAL(passed, std::vector{permission::full});
}

CAF_TEST(the number of remembered logins is limited) {
  start(with_users());
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  for (int i = 0; i < 10'000; ++i)
    caf::anon_send(caf::actor_cast<guard_impl>(aut), atom::verified_v,
                   std::to_string(i), true);
  consume_messages();

  using actor = caf::stateful_actor<guard_state, guard_impl::base>;
  CAF_CHECK_LESS_OR_EQUAL(deref<actor>(aut).state.good_logins.size(), 100u);
}

CAF_TEST(requests are answered if no thread is available) {
  start(with_users());

  no_threads = true;
  CHECK_EQUAL(ask("/metrics", alice), permission::busy);

  no_threads = false;
  CHECK_EQUAL(ask("/metrics", alice), permission::full);
}

CAF_TEST(requests beyond the rate are refused unless their login is known) {
  auto c = with_users();
  c.rate_limit = {1s, 3};
  start(c);
  CHECK_EQUAL(ask("/metrics", alice), permission::full);
  for (int i = 0; i < 3; ++i)
    CHECK_EQUAL(ask("/metrics", wrong), permission::login_needed);

  CHECK_EQUAL(ask("/metrics", wrong), permission::too_often);
  CHECK_EQUAL(ask("/metrics"), permission::too_often);
  CHECK_EQUAL(ask("/metrics", bob), permission::full); // his first login
  CHECK_EQUAL(ask("/metrics", alice), permission::full);
  CHECK_EQUAL(ask("/-/healthy"), permission::health_only);

  advance(1s);
  CHECK_EQUAL(ask("/metrics"), permission::login_needed);
  CHECK_EQUAL(ask("/metrics"), permission::too_often);
  CHECK_EQUAL(ask("/metrics", bob), permission::full);
}

CAF_TEST(a token bucket fills with time up to the burst) {
  const metrics::time_point t{};
  token_bucket b{{100ms, 2}, t};

  CAF_CHECK(b.take(t));
  CAF_CHECK(b.take(t));
  CAF_CHECK(!b.take(t + 99ms));
  CAF_CHECK(b.take(t + 100ms));
  CAF_CHECK(!b.take(t + 199ms));
  CAF_CHECK(b.take(t + 350ms)); // tokens of 200 and 300 ms
  CAF_CHECK(b.take(t + 350ms));
  CAF_CHECK(!b.take(t + 350ms));
  CAF_CHECK(!b.take(t + 400ms)); // a full bucket starts anew
  CAF_CHECK(b.take(t + 450ms));
  CAF_CHECK(b.take(t + 24h));
  CAF_CHECK(b.take(t + 24h));
  CAF_CHECK(!b.take(t + 24h));
  CAF_CHECK(token_bucket{}.take(t)); // no limit
}

CAF_TEST(headers and TLS settings are passed to the server at the start) {
  config::web_config c;
  c.headers = {{"X-Frame-Options", "deny"}};
  c.warnings = {"careful"};

  start(c);

  CAF_REQUIRE_EQUAL(secured.size(), 1u);
  CHECK_EQUAL(secured[0].fields, c.headers);
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Web configuration\" "
                               "warning=careful"),
                  1u);
}

CAF_TEST(changed files take effect after two equal readings) {
  start(with_users());
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  file.found.users.erase("alice");
  file.found.headers = {{"X-Frame-Options", "deny"}};
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  advance(500ms);
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  advance(500ms);
  CHECK_EQUAL(ask("/metrics", alice), permission::login_needed);
  CHECK_EQUAL(ask("/metrics", bob), permission::full);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CHECK_EQUAL(secured.back().fields, file.found.headers);
  CAF_CHECK_EQUAL(logged.count("Web configuration reloaded"), 1u);

  advance(1min);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CAF_CHECK_EQUAL(readings, 123);
}

CAF_TEST(a file that changes all the time does not take effect) {
  start(with_users());

  for (int i = 0; i < 10; ++i) {
    file.found.headers = {{"X-XSS-Protection", std::to_string(i)}};
    advance(500ms);
  }

  CAF_CHECK_EQUAL(secured.size(), 1u);
}

CAF_TEST(a broken file refuses all paths but health until it is valid) {
  start(with_users());
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  const auto good = file;
  file.problem = "w.yml:1:1: typo";
  advance(1s);
  CHECK_EQUAL(ask("/metrics", alice), permission::broken);
  CHECK_EQUAL(ask("/metrics"), permission::broken);
  CHECK_EQUAL(ask("/health", alice), permission::health_only);
  CHECK_EQUAL(ask("/-/ready"), permission::health_only);

  advance(1h);
  CAF_CHECK_EQUAL(logged.count("ERROR"), 1u);
  CAF_CHECK_EQUAL(logged.count("error=\"w.yml:1:1: typo\""), 1u);

  file = good;
  advance(1s);
  CHECK_EQUAL(ask("/metrics"), permission::login_needed);
  CHECK_EQUAL(ask("/metrics", alice), permission::full);
  CAF_CHECK_EQUAL(logged.count("Web configuration reloaded"), 1u);
}

CAF_TEST(removing logins or TLS from the file is refused) {
  auto c = with_users();
  c.tls.emplace();
  start(c);

  file.found = {};
  advance(1s);
  CHECK_EQUAL(ask("/metrics"), permission::broken);
  CAF_CHECK_EQUAL(logged.count("has become empty"), 1u);

  file.found = with_users(); // without TLS
  advance(1s);
  CHECK_EQUAL(ask("/metrics", alice), permission::broken);
  CAF_CHECK_EQUAL(logged.count("tls_server_config was added"), 1u);
  CAF_CHECK_EQUAL(secured.size(), 1u);
}

CAF_TEST(a login with a former password is not accepted) {
  start(with_users());
  CHECK_EQUAL(ask("/metrics", alice), permission::full);

  file.found.users["alice"] = bobs_hash;
  advance(1s);

  CHECK_EQUAL(ask("/metrics", alice), permission::login_needed);
}

CAF_TEST(an unchanged rate limit keeps its tokens) {
  auto c = with_users();
  c.rate_limit = {1h, 1};
  start(c);
  CHECK_EQUAL(ask("/metrics"), permission::login_needed);

  file.found.headers = {{"X-XSS-Protection", "0"}};
  advance(1s);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CHECK_EQUAL(ask("/metrics"), permission::too_often);

  file.found.rate_limit.burst = 2;
  advance(1s);
  CHECK_EQUAL(ask("/metrics"), permission::login_needed);
}

CAF_TEST_FIXTURE_SCOPE_END()
