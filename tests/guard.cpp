#define CAF_SUITE guard

#include "actors/guard.hpp"

#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

struct fake_exchange : net::exchange {
  net::request request;
  const net::request& what() const override { return request; }
  void respond(std::shared_ptr<const net::message>) override {}
};

/// Of `right` at cost 4, and of `other` at cost 5.
constexpr auto alices_hash =
    "$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC";
constexpr auto bobs_hash =
    "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";

constexpr auto alice = "Basic YWxpY2U6cmlnaHQ=";  // alice:right
constexpr auto bob = "Basic Ym9iOm90aGVy";        // bob:other
constexpr auto wrong = "Basic YWxpY2U6d3Jvbmc=";  // alice:wrong
constexpr auto nobody = "Basic bm9ib2R5OnJpZ2h0"; // nobody:right

/// The guard between a scripted file and a front that only listens.
struct guard_fixture : fixture {
  void start(config::web_config c) {
    file.found = std::move(c);
    guard_settings how;
    how.first = file;
    how.look = [this](auto done) {
      ++looks;
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
      return {[this](atom::serve, const exchange_ptr&, admission granted) {
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
    e->request.peer = peer;
    e->request.path = path;
    e->request.authorization = authorization;
    caf::anon_send(aut, atom::serve_v, exchange_ptr{e});
    consume_messages();
  }

  /// The bcrypt work there is, done.
  void work() {
    for (const auto& w : std::exchange(works, {}))
      w();
    consume_messages();
  }

  /// What a request may have once all work is done.
  admission ask(const std::string& path,
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

  web_look file;
  int looks = 0;
  unsigned steps = 0; ///< Of bcrypt.
  bool no_threads = false;
  std::vector<std::function<void()>> works;
  std::vector<net::server_security> secured;
  std::vector<admission> passed;
  http_front_actor front;
  guard_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(guard_tests, guard_fixture)

CAF_TEST(without users everybody may have all) {
  start({});
  CAF_CHECK(ask("/metrics") == admission::all);
  CAF_CHECK(ask("/metrics", wrong) == admission::all);
  CAF_CHECK(ask("/health") == admission::all);
  CAF_CHECK_EQUAL(works.size(), 0u);
}

CAF_TEST(with users a login is needed but for health) {
  start(with_users());
  for (const auto* path :
       {"/metrics", "/", "/config", "/sd", "/-/reload", "/nowhere"}) {
    CAF_CHECK(ask(path) == admission::login_needed);
    CAF_CHECK(ask(path, wrong) == admission::login_needed);
    CAF_CHECK(ask(path, nobody) == admission::login_needed);
    CAF_CHECK(ask(path, "Basic nonsense") == admission::login_needed);
    CAF_CHECK(ask(path, alice) == admission::all);
    CAF_CHECK(ask(path, bob) == admission::all);
  }
  for (const auto* path : {"/health", "/-/healthy", "/-/ready"}) {
    CAF_CHECK(ask(path) == admission::health_only);
    CAF_CHECK(ask(path, wrong) == admission::health_only);
    CAF_CHECK(ask(path, alice) == admission::all);
  }
}

CAF_TEST(a good login is checked once and a bad one each time) {
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

CAF_TEST(the same login is checked once for all who wait) {
  start(with_users());
  for (int i = 0; i < 40; ++i)
    send("/metrics", alice);
  send("/health", alice);
  CAF_CHECK_EQUAL(works.size(), 1u);
  CAF_CHECK_EQUAL(passed.size(), 0u);
  work();
  CAF_CHECK(passed == std::vector<admission>(41, admission::all));
}

CAF_TEST(a wrong login costs the same whoever is meant) {
  auto c = with_users(); // alice at cost 4, bob at cost 5
  c.users["carol"] = net::decoy_hash(8);
  start(c);
  for (const auto* who : {wrong, nobody, "Basic Ym9iOng=" /* bob:x */,
                          "Basic Y2Fyb2w6eA==" /* carol:x */}) {
    steps = 0;
    CAF_CHECK(ask("/metrics", who) == admission::login_needed);
    CAF_CHECK_EQUAL(steps, 256u);
  }
}

CAF_TEST(a decoy costs no more than half a second) {
  auto c = with_users();
  c.users["carol"] = net::decoy_hash(20);
  start(c);
  CAF_CHECK(ask("/metrics", nobody) == admission::login_needed);
  CAF_CHECK_EQUAL(steps, 1u << 13);
}

CAF_TEST(a flood of guesses is bounded and holds up nobody else) {
  start(with_users());
  const auto guess = [](int i) { // the user xx with one of a hundred passwords
    return std::string{"Basic eHg6YW"} + static_cast<char>('a' + i / 10) +
           static_cast<char>('a' + i % 10);
  };
  for (int i = 0; i < 100; ++i)
    send("/metrics", guess(i));
  CAF_CHECK_EQUAL(works.size(), 1u); // one from one address
  CAF_CHECK(passed == std::vector<admission>(99, admission::busy));
  for (int i = 1; i <= 50; ++i)
    send("/metrics", guess(i), "10.0.1." + std::to_string(i));
  CAF_CHECK_EQUAL(works.size(), 4u);
  passed.clear();
  send("/health", guess(99)); // no room to check it, and no need
  CAF_CHECK(passed == std::vector{admission::health_only});
  passed.clear();
  send("/metrics", alice); // never seen before
  send("/metrics", bob);
  CAF_CHECK_EQUAL(works.size(), 6u);
  work();
  CAF_CHECK_EQUAL(std::count(passed.begin(), passed.end(), admission::all), 2);
}

CAF_TEST(guesses at a name do not keep its owner out at another address) {
  start(with_users());
  for (int i = 0; i < 10; ++i)
    send("/metrics", wrong, "10.6.6.6");
  send("/metrics", "Basic YWxpY2U6YmFk", "10.6.6.6"); // alice:bad
  CAF_CHECK_EQUAL(works.size(), 1u);
  CAF_CHECK(passed == std::vector{admission::busy});
  passed.clear();
  send("/metrics", alice, "10.0.0.1");
  CAF_CHECK_EQUAL(works.size(), 2u);
  work();
  CAF_CHECK_EQUAL(passed.size(), 11u);
  CAF_CHECK(passed.back() == admission::all);
}

CAF_TEST(the requests that wait are bounded) {
  start(with_users());
  for (int i = 0; i < 256; ++i)
    send("/metrics", wrong);
  CAF_CHECK_EQUAL(works.size(), 1u);
  CAF_CHECK(passed == std::vector<admission>(192, admission::busy));
  work();
  CAF_CHECK_EQUAL(passed.size(), 256u);
  CAF_CHECK(ask("/metrics", alice) == admission::all);
}

CAF_TEST(changed files make nobody log in anew) {
  start(with_users());
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  file.found.headers = {{"X-XSS-Protection", "0"}};
  advance(1s);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  passed.clear();
  send("/metrics", alice);
  CAF_CHECK(passed == std::vector{admission::all});
}

CAF_TEST(few logins are remembered) {
  start(with_users());
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  for (int i = 0; i < 10'000; ++i)
    caf::anon_send(caf::actor_cast<guard_impl>(aut), atom::verified_v,
                   std::to_string(i), true);
  consume_messages();
  using actor = caf::stateful_actor<guard_state, guard_impl::base>;
  CAF_CHECK_LESS_OR_EQUAL(deref<actor>(aut).state.known.size(), 100u);
}

CAF_TEST(without a thread nobody waits for ever) {
  start(with_users());
  no_threads = true;
  CAF_CHECK(ask("/metrics", alice) == admission::busy);
  no_threads = false;
  CAF_CHECK(ask("/metrics", alice) == admission::all);
}

CAF_TEST(requests beyond the rate are refused before their login is checked) {
  auto c = with_users();
  c.rate_limit = {1s, 3};
  start(c);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(ask("/metrics", alice) == admission::all);
  CAF_CHECK(ask("/metrics", alice) == admission::too_often);
  CAF_CHECK(ask("/metrics") == admission::too_often);
  CAF_CHECK(ask("/-/healthy") == admission::health_only);
  advance(1s);
  CAF_CHECK(ask("/metrics") == admission::login_needed);
  CAF_CHECK(ask("/metrics") == admission::too_often);
  advance(1h);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(ask("/metrics", alice) == admission::all);
  CAF_CHECK(ask("/metrics", alice) == admission::too_often);
}

CAF_TEST(a bucket fills with time and never beyond the burst) {
  const metrics::time_point t{};
  token_bucket b{{100ms, 2}, t};
  CAF_CHECK(b.take(t));
  CAF_CHECK(b.take(t));
  CAF_CHECK(!b.take(t + 99ms));
  CAF_CHECK(b.take(t + 100ms));
  CAF_CHECK(!b.take(t + 199ms));
  CAF_CHECK(b.take(t + 350ms)); // 200 and 300
  CAF_CHECK(b.take(t + 350ms));
  CAF_CHECK(!b.take(t + 350ms));
  CAF_CHECK(b.take(t + 24h));
  CAF_CHECK(b.take(t + 24h));
  CAF_CHECK(!b.take(t + 24h));
  CAF_CHECK(token_bucket{}.take(t)); // no limit
}

CAF_TEST(headers and encryption are handed over at the start) {
  config::web_config c;
  c.headers = {{"X-Frame-Options", "deny"}};
  c.warnings = {"careful"};
  start(c);
  CAF_REQUIRE_EQUAL(secured.size(), 1u);
  CAF_CHECK(secured[0].fields == c.headers);
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"Web configuration\" "
                               "warning=careful"),
                  1u);
}

CAF_TEST(changed files rule after two looks at them) {
  start(with_users());
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  file.found.users.erase("alice");
  file.found.headers = {{"X-Frame-Options", "deny"}};
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  advance(500ms);
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  advance(500ms);
  CAF_CHECK(ask("/metrics", alice) == admission::login_needed);
  CAF_CHECK(ask("/metrics", bob) == admission::all);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CAF_CHECK(secured.back().fields == file.found.headers);
  CAF_CHECK_EQUAL(logged.count("Web configuration reloaded"), 1u);
  advance(1min);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CAF_CHECK_EQUAL(looks, 123);
}

CAF_TEST(a file that is written all the time does not rule) {
  start(with_users());
  for (int i = 0; i < 10; ++i) {
    file.found.headers = {{"X-XSS-Protection", std::to_string(i)}};
    advance(500ms);
  }
  CAF_CHECK_EQUAL(secured.size(), 1u);
}

CAF_TEST(a broken file refuses all but health and heals by itself) {
  start(with_users());
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  const auto good = file;
  file.problem = "w.yml:1:1: typo";
  advance(1s);
  CAF_CHECK(ask("/metrics", alice) == admission::broken);
  CAF_CHECK(ask("/metrics") == admission::broken);
  CAF_CHECK(ask("/health", alice) == admission::health_only);
  CAF_CHECK(ask("/-/ready") == admission::health_only);
  advance(1h);
  CAF_CHECK_EQUAL(logged.count("ERROR"), 1u);
  CAF_CHECK_EQUAL(logged.count("error=\"w.yml:1:1: typo\""), 1u);
  file = good;
  advance(1s);
  CAF_CHECK(ask("/metrics") == admission::login_needed);
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  CAF_CHECK_EQUAL(logged.count("Web configuration reloaded"), 1u);
}

CAF_TEST(protection does not vanish with the content of a file) {
  auto c = with_users();
  c.tls.emplace();
  start(c);
  file.found = {};
  advance(1s);
  CAF_CHECK(ask("/metrics") == admission::broken);
  CAF_CHECK_EQUAL(logged.count("has become empty"), 1u);
  file.found = with_users(); // but no TLS
  advance(1s);
  CAF_CHECK(ask("/metrics", alice) == admission::broken);
  CAF_CHECK_EQUAL(logged.count("tls_server_config came or went"), 1u);
  CAF_CHECK_EQUAL(secured.size(), 1u);
}

CAF_TEST(a changed password is another login) {
  start(with_users());
  CAF_CHECK(ask("/metrics", alice) == admission::all);
  file.found.users["alice"] = bobs_hash;
  advance(1s);
  CAF_CHECK(ask("/metrics", alice) == admission::login_needed);
}

CAF_TEST(a limit that stays keeps what it has counted) {
  auto c = with_users();
  c.rate_limit = {1h, 1};
  start(c);
  CAF_CHECK(ask("/metrics") == admission::login_needed);
  file.found.headers = {{"X-XSS-Protection", "0"}};
  advance(1s);
  CAF_CHECK_EQUAL(secured.size(), 2u);
  CAF_CHECK(ask("/metrics") == admission::too_often);
  file.found.rate_limit.burst = 2;
  advance(1s);
  CAF_CHECK(ask("/metrics") == admission::login_needed);
}

CAF_TEST_FIXTURE_SCOPE_END()
