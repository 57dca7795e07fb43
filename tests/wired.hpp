#pragma once

#include "actors/cache.hpp"
#include "actors/journal.hpp"
#include "actors/reloader.hpp"
#include "actors/renderer.hpp"
#include "actors/scheduler.hpp"
#include "tests/exposition_check.hpp"
#include "tests/fixture.hpp"

namespace betanet::testing {

/// All actors except the front, connected as in exporter_actors.cpp, on virtual
/// time.
struct wired_fixture : fixture {
  ~wired_fixture() override {
    living.reset();
    caf::anon_send_exit(owner, caf::exit_reason::user_shutdown);
    consume_messages();
    caf::anon_send_exit(clock, caf::exit_reason::kill);
    caf::anon_send_exit(store, caf::exit_reason::kill);
    caf::anon_send_exit(pages, caf::exit_reason::kill);
    caf::anon_send_exit(story, caf::exit_reason::kill);
    consume_messages();
  }

  /// Makes the transport of one endpoint.
  virtual transport connect(const config::target& t, endpoint e) = 0;

  /// A random number from [-1, 1].
  virtual double random() { return 0; }

  void start(const config::settings& s = config::parse_yaml("", "")) {
    t0 = now();
    const auto wall_clock = [this] {
      return metrics::wall_time{} + (now() - t0) + wall_leap;
    };
    renderer_settings shown;
    shown.detail = detail;
    shown.read_process = [] { return metrics::process_stats{}; };
    pages = sys.spawn(renderer, std::move(shown), logged.log);
    cache_settings c;
    for (const auto& t : s.targets)
      c.targets.emplace_back(t.name, empty_snapshot(t, t0));
    store = sys.spawn(cache, std::move(c), pages, logged.log);
    story = sys.spawn(journal, logged.log, wall_clock);
    clock = sys.spawn(scheduler);
    reloader_settings r;
    r.running = s;
    r.dependencies = {
        nullptr,
        store,
        story,
        logged.log,
        false,
        [this](const config::target& t, endpoint e) { return connect(t, e); },
        wall_clock,
        [this] { return random(); }};
    r.problem_with_count = [](std::size_t) { return std::string{}; };
    r.reserve = [](std::size_t) {};
    r.registry = store;
    r.scheduler = clock;
    r.read = [this](auto done) { done({{}, next, {}}); };
    r.notify = [](const std::string&) {};
    owner = sys.spawn(reloader, std::move(r));
    consume_messages();
  }

  /// Replaces the configuration by `s` with a reload.
  void reload(const config::settings& s) {
    next = s;
    caf::anon_send(caf::actor_cast<reloader_impl>(owner), atom::signal_v);
    consume_messages();
  }

  /// The supervisor of a target, by its position in the configuration.
  supervisor_actor group(std::size_t i = 0) {
    using reloader_type =
        caf::stateful_actor<reloader_state, reloader_impl::base>;
    return deref<reloader_type>(owner).state.targets.at(i).supervisor;
  }

  /// Calls `f` after this virtual time, unless the fixture is gone by then.
  void later(std::chrono::nanoseconds d, std::function<void()> f) {
    const auto who =
        sys.spawn([f, fixture = std::weak_ptr{living}](
                      caf::event_based_actor* me) -> caf::behavior {
          return {[=](caf::ok_atom) {
            if (!fixture.expired())
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

  metrics::detail detail = metrics::detail::full; ///< Of the pages.
  metrics::time_point t0{};
  std::chrono::hours wall_leap{}; ///< The error of the wall clock.
  config::settings next;          ///< The settings that the next reload reads.
  renderer_actor pages;
  cache_actor store;
  journal_actor story;
  scheduler_actor clock;
  reloader_actor owner;

private:
  std::shared_ptr<int> living = std::make_shared<int>();
};

} // namespace betanet::testing
