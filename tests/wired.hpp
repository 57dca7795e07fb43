#pragma once

#include "actors/cache.hpp"
#include "actors/group.hpp"
#include "actors/scheduler.hpp"
#include "tests/exposition_check.hpp"
#include "tests/fixture.hpp"

namespace betanet::testing {

/// All actors but the front, wired as in `main.cpp`, on virtual time.
struct wired_fixture : fixture {
  ~wired_fixture() override {
    for (const auto& g : groups)
      caf::anon_send_exit(g, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(clock, caf::exit_reason::kill);
    caf::anon_send_exit(store, caf::exit_reason::kill);
    consume_messages();
  }

  /// The network of one endpoint.
  virtual transport connect(metrics::endpoint e) = 0;

  /// Uniform in [-1, 1].
  virtual double random() { return 0; }

  void start(const config::settings& s = config::parse_yaml("", "")) {
    t0 = now();
    cache_settings c;
    for (const auto& t : s.targets)
      c.targets.emplace_back(t.name, empty_snapshot(t, t0));
    c.read_process = [] { return metrics::process_stats{}; };
    store = sys.spawn(cache, std::move(c), logged.log);
    clock = sys.spawn(scheduler);
    const surroundings around{
        store,
        logged.log,
        false,
        [this](const config::target&, metrics::endpoint e) {
          return connect(e);
        },
        [this] { return metrics::wall_time{} + (now() - t0) + wall_leap; },
        [this] { return random(); }};
    for (const auto& t : s.targets) {
      groups.push_back(spawn_group(sys, t, around));
      caf::anon_send(clock, atom::watch_v, groups.back(),
                     metrics::tick_grid{t0, 0s, t.polling.collection.interval},
                     true);
    }
    consume_messages();
  }

  /// Calls `f` after this much virtual time.
  void later(std::chrono::nanoseconds d, std::function<void()> f) {
    const auto who =
        sys.spawn([f](caf::event_based_actor* me) -> caf::behavior {
          return {[=](caf::ok_atom) {
            f();
            me->quit();
          }};
        });
    self->delayed_send(who, d, caf::ok_atom_v);
  }

  snapshot_ptr snapshot(const std::string& target = {}) {
    auto r = self->request(store, caf::infinite, atom::restore_v, target);
    consume_messages();
    snapshot_ptr result;
    r.receive([&](const snapshot_ptr& s) { result = s; },
              [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  std::string page() {
    auto r = self->request(store, caf::infinite, atom::render_v, page_query{});
    consume_messages();
    std::string result;
    r.receive([&](const page_ptr& p) { result = p->text; },
              [&](const caf::error& e) { CAF_FAIL(sys.render(e)); });
    CAF_CHECK_EQUAL(defect(result).value_or("none"), "none");
    return result;
  }

  metrics::time_point t0{};
  std::chrono::hours wall_leap{}; ///< What the wall clock is wrong by.
  cache_actor store;
  scheduler_actor clock;
  std::vector<supervisor_actor> groups;
};

} // namespace betanet::testing
