#define CAF_SUITE presenter

#include "actors/presenter.hpp"

#include "tests/fixture.hpp"

#include <caf/event_based_actor.hpp>

using namespace betanet;
using namespace betanet::testing;

namespace {

struct presenter_fixture : fixture {
  presenter_fixture() {
    census->targets.emplace_back(
        "eu", std::make_shared<const metrics::snapshot>(
                  metrics::freshness_rules{15s, 5s, 10s, 5min},
                  std::make_shared<const std::vector<double>>(), now()));
    store = sys.spawn([this](page_source_actor::pointer me)
                          -> page_source_actor::behavior_type {
      return {[](atom::render, const page_query&) { return page_ptr{}; },
              [this, me](atom::list) -> caf::result<census_ptr> {
                if (answering)
                  return census_ptr{census};
                unanswered.push_back(me->make_response_promise<census_ptr>());
                return unanswered.back();
              }};
    });
    presenter_settings s;
    s.version = "1.2.3";
    aut = sys.spawn(presenter, std::move(s), store);
    consume_messages();
  }

  ~presenter_fixture() override {
    kill(aut);
    kill(store);
  }

  /// The answer to a request for this path.
  reply_ptr ask(const std::string& path, bool compressed = false,
                std::optional<std::string> target = {}) {
    census_query q;
    q.route = &pages::find_route(path);
    q.target = std::move(target);
    q.compressed = compressed;
    auto r = self->request(aut, caf::infinite, atom::show_v, q);
    consume_messages();
    reply_ptr result;
    r.receive([&](const reply_ptr& a) { result = a; },
              [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  std::shared_ptr<metrics::census> census = std::make_shared<metrics::census>();
  bool answering = true; ///< The cache answers.
  std::vector<caf::typed_response_promise<census_ptr>> unanswered;
  page_source_actor store;
  presenter_actor aut;
};

constexpr auto packed = "\r\nContent-Encoding: gzip\r\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(presenter_tests, presenter_fixture)

CAF_TEST(a page is made from the targets of the cache and the time) {
  advance(7s);

  const auto r = ask("/health");

  CAF_CHECK_EQUAL(r->status(), 200);
  CHECK_CONTAINS(r->head(), "\r\nVary: Accept-Encoding\r\n");
  CHECK_NOT_CONTAINS(r->head(), packed);
  CHECK_CONTAINS(r->body(), "\"version\":\"1.2.3\"");
  CHECK_CONTAINS(r->body(), "\"uptime_seconds\":7.0,");
  CHECK_CONTAINS(r->body(), "\"name\":\"eu\"");
}

CAF_TEST(a good page is compressed if the client wants that) {
  const auto r = ask("/health", true);

  CHECK_CONTAINS(r->head(), packed);
  CHECK_CONTAINS(r->head(), "\r\nVary: Accept-Encoding\r\n");
  CAF_CHECK_EQUAL(r->body().substr(0, 2), "\x1f\x8b"); // RFC 1952, 2.3.1
}

CAF_TEST(an error is not compressed) {
  const auto r = ask("/health", true, "unknown");

  CAF_CHECK_EQUAL(r->status(), 404);
  CHECK_NOT_CONTAINS(r->head(), packed);
  CHECK_CONTAINS(r->body(), "no such target");
}

CAF_TEST(the cache has a second for its answer) {
  answering = false;
  reply_ptr got;
  sys.spawn([&](caf::event_based_actor* client) {
    client
        ->request(aut, caf::infinite, atom::show_v,
                  census_query{&pages::find_route("/health")})
        .then([&](const reply_ptr& r) { got = r; });
  });

  advance(1s - 1ns);
  CAF_CHECK(!got);

  advance(1ns);
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status(), 503);
  CAF_CHECK_EQUAL(got->body(), "{\"status\":\"unhealthy\"}\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
