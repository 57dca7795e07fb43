#define CAF_SUITE renderer

#include "actors/renderer.hpp"

#include "tests/exposition_check.hpp"
#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

struct renderer_fixture : fixture {
  renderer_fixture() {
    renderer_settings s;
    s.read_process = [] { return metrics::process_stats{}; };
    aut = sys.spawn(renderer, std::move(s), logged.log);
  }
  ~renderer_fixture() { kill(aut); }

  std::shared_ptr<metrics::snapshot> blank() {
    return std::make_shared<metrics::snapshot>(
        metrics::freshness_rules{15s, 5s, 10s, 5min},
        std::make_shared<const std::vector<double>>(std::vector{0.05}), now());
  }

  std::shared_ptr<metrics::snapshot> polled() {
    auto s = blank();
    for (auto& e : s->endpoints)
      e.last_good = now();
    for (auto& f : s->fields)
      f = {1.0, now()};
    return s;
  }

  void put(metrics::named_snapshots all) {
    caf::anon_send(
        aut, atom::put_v,
        std::make_shared<const metrics::named_snapshots>(std::move(all)));
    consume_messages();
  }

  page_ptr ask(const page_query& q) {
    auto request = self->request(aut, caf::infinite, atom::render_v, q);
    consume_messages();
    page_ptr result;
    request.receive([&](const page_ptr& p) { result = p; },
                    [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  std::string text() {
    const auto page = ask({})->text;
    CAF_CHECK_EQUAL(defect(page).value_or("none"), "none");
    return page;
  }

  renderer_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(renderer_tests, renderer_fixture)

CAF_TEST(the latest snapshots are shown) {
  put({{"a", blank()}, {"b", blank()}});
  CHECK_NOT_CONTAINS(text(), "betanet_connected_peers");

  put({{"b", polled()}});

  CHECK_CONTAINS(text(), "betanet_connected_peers{target=\"b\"} 1\n");
  CHECK_NOT_CONTAINS(text(), "betanet_connected_peers{target=\"a\"}");
}

CAF_TEST(a page is made in the form that is asked for) {
  put({{"a", polled()}});

  CAF_CHECK(ask({.format = net::format::openmetrics_1_0_0})
                ->text.ends_with("# EOF\n"));
  CAF_CHECK(ask({.compressed = true})->text.starts_with("\x1f\x8b"));
  CHECK_NOT_CONTAINS(ask({.target = "a"})->text, "process_");
  CHECK_EQUAL(ask({.target = "b"}), nullptr);
}

CAF_TEST(a target that is dropped is not shown) {
  put({{"a", polled()}, {"b", polled()}});

  caf::anon_send(aut, atom::drop_v, std::string{"a"});

  CHECK_NOT_CONTAINS(text(), "target=\"a\"");
}

CAF_TEST(the age of the values is logged when a page is rendered) {
  put({{"", blank()}});
  text();
  CAF_CHECK_EQUAL(logged.count("returning cached"), 0u);
  put({{"", polled()}});

  advance(3s);
  text();
  advance(9s);
  text();

  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Cache hit: returning cached "
                               "metrics (age: 3s)\""),
                  1u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Cache expired: returning cached "
                               "metrics (age: 12s)\""),
                  1u);
}

CAF_TEST(no cached values are claimed when none are left) {
  put({{"", polled()}});

  advance(6min);
  text();

  CAF_CHECK_EQUAL(logged.count("returning cached"), 0u);
}

CAF_TEST(the result of a reload is shown) {
  caf::anon_send(aut, atom::reload_v,
                 metrics::reload_status{false, metrics::wall_time{42s}, true});
  consume_messages();

  const auto page = text();
  CHECK_CONTAINS(page, "betanet_exporter_config_last_reload_successful 0\n");
  CHECK_CONTAINS(page,
                 "betanet_exporter_config_last_reload_success_timestamp_seconds"
                 " 42\n");
  CHECK_CONTAINS(page, "betanet_exporter_config_restart_pending 1\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
