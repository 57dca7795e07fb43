#define CAF_SUITE cache

#include "actors/cache.hpp"

#include "actors/renderer.hpp"
#include "tests/exposition_check.hpp"
#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

struct cache_fixture : fixture {
  ~cache_fixture() {
    kill(aut);
    kill(pages);
  }

  std::shared_ptr<metrics::snapshot> blank() {
    return std::make_shared<metrics::snapshot>(
        metrics::freshness_rules{15s, 5s, 10s, 5min},
        std::make_shared<const std::vector<double>>(std::vector{0.05}), now());
  }

  void start(const std::vector<std::string>& targets) {
    renderer_settings shown;
    shown.read_process = [] { return metrics::process_stats{}; };
    pages = sys.spawn(renderer, std::move(shown), logged.log);
    cache_settings s;
    for (const auto& t : targets)
      s.targets.emplace_back(t, blank());
    aut = sys.spawn(cache, std::move(s), pages, logged.log);
    consume_messages();
  }

  void put(const std::string& target, snapshot_ptr s) {
    caf::anon_send(aut, atom::put_v, target, std::move(s));
    consume_messages();
  }

  template <class Result, class... Ts>
  Result ask(Ts&&... xs) {
    auto request = self->request(aut, caf::infinite, std::forward<Ts>(xs)...);
    consume_messages();
    Result result;
    request.receive([&](const Result& r) { result = r; },
                    [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  std::string text(std::uint64_t scrapes = 0) {
    const auto page =
        ask<page_ptr>(atom::render_v, page_query{{}, scrapes})->text;
    CAF_CHECK_EQUAL(defect(page).value_or("none"), "none");
    return page;
  }

  renderer_actor pages;
  cache_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cache_tests, cache_fixture)

CAF_TEST(every target is on the page from the start) {
  start({"a", "b"});

  const auto page = text();

  CHECK_CONTAINS(page, "betanet_up{target=\"a\"} 0");
  CHECK_CONTAINS(page, "betanet_up{target=\"b\"} 0");
}

CAF_TEST(a snapshot is shown and can be restored) {
  start({""});
  auto s = blank();
  s->fields[index(metrics::field::total_nodes)].value = 7;

  put("", s);

  CHECK_CONTAINS(text(), "betanet_connected_peers 7\n");
  CHECK_EQUAL(ask<snapshot_ptr>(atom::restore_v, std::string{}), s);
}

CAF_TEST(scrapes of a page are counted on the next page) {
  start({""});
  text();

  CHECK_CONTAINS(text(3), "betanet_exporter_cache_misses_total 3\n");
}

CAF_TEST(ready is set when all targets have collected once and stays set) {
  start({"a", "b"});
  const auto collected = [this] {
    auto s = blank();
    s->collected = true;
    return s;
  };

  put("a", collected());
  CAF_CHECK(!ask<census_ptr>(atom::list_v)->ready);

  put("b", collected());
  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);

  put("b", blank());
  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);
}

CAF_TEST(ready stays set when all targets are removed and others are added) {
  start({});
  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);

  caf::anon_send(aut, atom::add_v, std::string{"a"}, snapshot_ptr{blank()});
  caf::anon_send(aut, atom::reload_v, metrics::reload_status{});
  consume_messages();

  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);
}

CAF_TEST(a reload that replaces the only target does not make it ready) {
  start({"a"});

  caf::anon_send(aut, atom::drop_v, std::string{"a"});
  CAF_CHECK(!ask<census_ptr>(atom::list_v)->ready);

  caf::anon_send(aut, atom::add_v, std::string{"b"}, snapshot_ptr{blank()});
  caf::anon_send(aut, atom::reload_v, metrics::reload_status{});
  consume_messages();

  CAF_CHECK(!ask<census_ptr>(atom::list_v)->ready);
}

CAF_TEST(a reload that removes the last waiting target makes it ready) {
  start({"a"});

  caf::anon_send(aut, atom::drop_v, std::string{"a"});
  caf::anon_send(aut, atom::reload_v, metrics::reload_status{});
  consume_messages();

  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);
}

CAF_TEST(without targets the cache is ready) {
  start({});

  CAF_CHECK(ask<census_ptr>(atom::list_v)->ready);
  CHECK_NOT_CONTAINS(text(), "betanet_up");
}

CAF_TEST(with several targets one log line per minute summarizes all) {
  start({"a", "b", "c", "d"});
  auto s = blank();
  for (auto& e : s->endpoints)
    e.last_result = metrics::quality::good;
  put("a", s);
  s = std::make_shared<metrics::snapshot>(*s);
  s->endpoints[1].last_result = metrics::quality::partial;
  put("b", s);
  s = blank(); // c has not finished a poll of every endpoint, and d none
  s->endpoints[2].last_result = metrics::quality::good;
  put("c", s);

  advance(2min);

  CAF_CHECK_EQUAL(
      logged.count("INFO msg=\"Collected\" targets=4 up=1 failing=1"), 2u);
}

CAF_TEST(a single target needs no summary) {
  start({""});

  advance(2min);

  CAF_CHECK_EQUAL(logged.count("Collected"), 0u);
}

CAF_TEST(the renderer gets what has changed when a page is asked for) {
  std::vector<std::string> told;
  snapshot_ptr shown;
  const auto recorder = sys.spawn([&]() -> renderer_actor::behavior_type {
    return {
        [&](atom::put, const snapshots_ptr& changed) {
          for (const auto& [target, s] : *changed) {
            told.push_back("put " + target);
            shown = s;
          }
        },
        [&](atom::render, const page_query&) {
          told.push_back("render");
          return page_ptr{};
        },
        [&](atom::add, const std::string& target, const snapshot_ptr&) {
          told.push_back("add " + target);
        },
        [&](atom::drop, const std::string& target) {
          told.push_back("drop " + target);
        },
        [](atom::reload, const metrics::reload_status&) {},
        [](atom::refresh, const source_counts_ptr&) {},
    };
  });
  aut =
      sys.spawn(cache, cache_settings{{{"a", blank()}}}, recorder, logged.log);
  const auto latest = blank();

  put("a", blank());
  put("a", latest);
  CAF_CHECK(told.empty());

  ask<page_ptr>(atom::render_v, page_query{});
  ask<page_ptr>(atom::render_v, page_query{});
  put("a", blank());
  caf::anon_send(aut, atom::drop_v, std::string{"a"});
  caf::anon_send(aut, atom::add_v, std::string{"a"}, snapshot_ptr{blank()});
  consume_messages();

  CHECK_EQUAL(told, (std::vector<std::string>{"put a", "render", "render",
                                              "put a", "drop a", "add a"}));
  CAF_CHECK(shown != latest); // the one from before the drop
  kill(recorder);
}

CAF_TEST(targets are added and removed and late snapshots are ignored) {
  start({"a"});
  const auto former = blank();

  caf::anon_send(aut, atom::add_v, std::string{"b"}, snapshot_ptr{former});
  consume_messages();
  CHECK_CONTAINS(text(), "betanet_up{target=\"b\"} 0");

  advance(1s);
  caf::anon_send(aut, atom::add_v, std::string{"b"}, snapshot_ptr{blank()});
  auto late = std::make_shared<metrics::snapshot>(*former);
  late->fields[index(metrics::field::total_nodes)].value = 7;
  put("b", late); // a snapshot from before the target was removed
  CHECK_NOT_CONTAINS(text(), "betanet_connected_peers");

  caf::anon_send(aut, atom::drop_v, std::string{"b"});
  put("b", late);
  CHECK_NOT_CONTAINS(text(), "target=\"b\"");
}

CAF_TEST_FIXTURE_SCOPE_END()
