#define CAF_SUITE login_checks

#include "actors/login_checks.hpp"

#include "tests/fake_exchange.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

struct checks_fixture {
  std::shared_ptr<fake_exchange> from(const std::string& client) {
    const auto e = std::make_shared<fake_exchange>();
    e->asked.peer = client;
    return e;
  }

  bool add(const std::string& login, const std::string& client) {
    return checks.add(login, {from(client)}, [] { return true; });
  }

  /// How many of `n` requests of a client get a place.
  int added(int n, const std::string& login, const std::string& client) {
    int places = 0;
    for (int i = 0; i < n; ++i)
      places += add(login, client);
    return places;
  }

  /// The logins in the order of their checks.
  std::vector<std::string> order() {
    std::vector<std::string> all;
    while (const auto next = checks.begin()) {
      all.push_back(next->digest);
      checks.end();
    }
    return all;
  }

  login_checks checks;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(login_checks_tests, checks_fixture)

CAF_TEST(one check runs at a time and ends for all who wait) {
  CAF_CHECK(!checks.begin());
  add("a", "1");
  add("b", "2");
  add("a", "3");

  CHECK_EQUAL(checks.begin()->digest, "a");
  CAF_CHECK(!checks.begin());
  add("a", "4"); // waits for the running check
  CAF_CHECK_EQUAL(checks.end().size(), 3u);

  CHECK_EQUAL(checks.begin()->digest, "b");
  CAF_CHECK_EQUAL(checks.end().size(), 1u);
  CAF_CHECK(!checks.begin());
}

CAF_TEST(clients take turns) {
  for (const auto* login : {"a1", "a2", "a3"})
    add(login, "a");
  add("b1", "b");
  add("c1", "c");

  CHECK_EQUAL(order(),
              (std::vector<std::string>{"a1", "b1", "c1", "a2", "a3"}));
}

CAF_TEST(a login of two clients takes the first of their turns) {
  for (const auto* login : {"a1", "a2", "shared"})
    add(login, "a");
  add("shared", "b");

  CHECK_EQUAL(order(), (std::vector<std::string>{"a1", "shared", "a2"}));
}

CAF_TEST(a client has few different logins) {
  for (const auto* login : {"1", "2", "3", "4"})
    CAF_CHECK(add(login, "a"));
  CAF_CHECK(!add("5", "a"));
  CAF_CHECK(add("4", "a"));
  CAF_CHECK(add("5", "b"));
}

CAF_TEST(a client takes at most a quarter of the places) {
  CAF_CHECK_EQUAL(added(100, "x", "a"), 64);
  CAF_CHECK_EQUAL(added(100, "y", "b"), 64);
  CAF_CHECK_EQUAL(added(100, "z", "c"), 64);
}

CAF_TEST(a login takes at most half of the places) {
  CAF_CHECK_EQUAL(added(64, "x", "a"), 64);
  CAF_CHECK_EQUAL(added(64, "x", "b"), 64);
  CAF_CHECK_EQUAL(added(64, "x", "c"), 0);
  CAF_CHECK_EQUAL(added(64, "y", "c"), 64);
}

CAF_TEST(the last places are for clients that hold none) {
  for (const auto* client : {"a", "b", "c"})
    added(64, client, client);

  CAF_CHECK_EQUAL(added(10, "d", "d"), 1);

  for (int i = 1; i < 64; ++i)
    CAF_CHECK(add("good", "new " + std::to_string(i)));
  CAF_CHECK(!add("good", "too late"));
}

CAF_TEST(requests of clients that have gone free their places) {
  std::vector<std::shared_ptr<fake_exchange>> gone;
  for (int i = 0; i < 64; ++i) {
    gone.push_back(from("a"));
    CAF_CHECK(checks.add("x", {gone.back()}, [] { return true; }));
  }
  CAF_CHECK(!add("y", "a"));
  for (const auto& e : gone)
    e->open = false;

  CAF_CHECK(add("y", "a"));
  CHECK_EQUAL(order(), std::vector<std::string>{"y"});
}

CAF_TEST_FIXTURE_SCOPE_END()
