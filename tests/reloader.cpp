#define CAF_SUITE reloader

#include "actors/reloader.hpp"

#include "actors/journal.hpp"
#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

/// A reloader with real groups whose requests are never answered, a scheduler
/// and a cache that only record, and a configuration that the test sets.
struct reloader_fixture : fixture {
  void start(const std::string& yaml) {
    file = yaml;
    registry = sys.spawn([this]() -> target_registry_actor::behavior_type {
      return {
          [this](atom::add, const std::string& name, const snapshot_ptr&) {
            added.push_back(name);
          },
          [this](atom::drop, const std::string& name) {
            dropped.push_back(name);
          },
          [this](atom::reload, const metrics::reload_status& s) {
            reloads.push_back(s.successful);
            restart_pending = s.restart_pending;
            discovered = s.discovered;
          },
      };
    });
    store = sys.spawn([this]() -> snapshot_store_actor::behavior_type {
      return {
          [](atom::put, const std::string&, const snapshot_ptr&) {},
          [this](atom::restore, const std::string&) {
            return empty_snapshot(config::unnamed_target({}, "http://a"),
                                  now());
          },
      };
    });
    clock = sys.spawn([this]() -> scheduler_actor::behavior_type {
      return {
          [this](atom::watch, const supervisor_actor& who,
                 const metrics::tick_grid& grid, bool at_once) {
            watched[who] = grid;
            ++watches;
            all_at_once = all_at_once && at_once;
          },
          [this](atom::unwatch, const supervisor_actor& who) {
            watched.erase(who);
          },
      };
    });
    sources = sys.spawn([this]() -> discovery_actor::behavior_type {
      return {
          [this](atom::configure, const sources_ptr& s,
                 const target_sink_actor&) { patterns.push_back(s->files); }};
    });
    story = sys.spawn(journal, logged.log, [] { return metrics::wall_time{}; });
    reloader_settings how;
    how.running = config::parse_yaml(yaml, "f.yml");
    how.running.shard = shard;
    how.file = "f.yml";
    how.content = yaml;
    how.dependencies = {nullptr,
                        store,
                        story,
                        logged.log,
                        false,
                        [](const config::target&, endpoint) {
                          return transport{[](auto, auto) {}};
                        },
                        [] { return metrics::wall_time{}; },
                        [] { return 0.0; }};
    how.problem_with_count = [this](std::size_t n) {
      return n > most_targets ? "too many targets" : "";
    };
    how.reserve = [this](std::size_t n) { reserved.push_back(n); };
    how.registry = registry;
    how.scheduler = clock;
    how.discovery = sources;
    how.read = [this](auto done) {
      ++readings;
      pending.push_back([this, done, text = file] {
        config_reading found{text, {}, {}, warnings};
        try {
          found.settings = config::parse_yaml(text, "f.yml");
          found.settings->targets_elsewhere = elsewhere;
        } catch (const config::invalid& e) {
          found.problems = e.what();
        }
        done(found);
      });
      if (!hangs)
        read();
    };
    how.read_file = [this](auto done) { done(file); };
    how.probe = [this](auto done) { done(healthy); };
    how.check_file_every = check_file_every;
    how.watchdog_every = watchdog_every;
    how.notify = [this](const std::string& s) { told.push_back(s); };
    aut = sys.spawn(reloader, std::move(how));
    consume_messages();
  }

  ~reloader_fixture() override {
    caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
    for (const auto& s : supervisors()) // if the reloader has failed
      caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
    consume_messages();
    kill(registry);
    kill(store);
    kill(story);
    kill(clock);
    kill(sources);
  }

  /// Ends the readings that are blocked.
  void read() {
    for (const auto& end : std::exchange(pending, {}))
      end();
  }

  std::string reload() {
    auto r = self->request(aut, caf::infinite, atom::reload_v);
    consume_messages();
    return result_of(r);
  }

  template <class Response>
  std::string result_of(Response& r) {
    std::string text = "no answer";
    r.receive([&](const reload_result& s) { text = s.text; },
              [&](const caf::error& e) { text = sys.render(e); });
    return text;
  }

  template <class Response>
  std::string text_of(Response& r) {
    std::string text = "no answer";
    r.receive([&](const std::string& s) { text = s; },
              [&](const caf::error& e) { text = sys.render(e); });
    return text;
  }

  /// Tells the reloader that a source lists these targets.
  void discover(const std::string& names, bool complete = true,
                const std::map<std::string, std::string>& labels = {}) {
    config::target_groups groups;
    for (const char n : names) {
      auto all = labels;
      all["name"] = n;
      groups.push_back({{std::string{n} + ":80"}, all});
    }
    caf::anon_send(aut, atom::discover_v,
                   std::make_shared<const discovered_lists>(
                       discovered_lists{{{"t.yml", groups}}, complete}));
    consume_messages();
  }

  std::string describe() {
    auto r = self->request(aut, caf::infinite, atom::describe_v);
    consume_messages();
    return text_of(r);
  }

  void hang_up() {
    caf::anon_send(caf::actor_cast<reloader_impl>(aut), atom::signal_v);
    consume_messages();
  }

  std::vector<supervisor_actor> supervisors() const {
    std::vector<supervisor_actor> all;
    for (const auto& [who, _] : watched)
      all.push_back(who);
    return all;
  }

  static std::string targets(const std::string& names,
                             const std::string& more = {}) {
    std::string yaml = "targets:\n";
    for (const char n : names)
      yaml += std::string{"- {name: "} + n + ", url: \"http://" + n + "\"" +
              more + "}\n";
    return yaml;
  }

  std::string file;
  std::vector<std::string> warnings;            ///< Of each reading.
  std::map<std::string, std::string> elsewhere; ///< As each reading finds.
  std::size_t most_targets = 1000;
  bool hangs = false, healthy = true, all_at_once = true;
  int readings = 0;
  int watches = 0; ///< How often the scheduler was asked to watch.
  std::optional<config::shard> shard; ///< Of the first configuration.
  duration check_file_every{0}, watchdog_every{0};
  std::vector<std::function<void()>> pending;
  std::vector<std::string> added, dropped, told;
  std::vector<bool> reloads;
  bool restart_pending = false;      ///< As the cache was told.
  bool discovered = false;           ///< As the cache was told.
  std::vector<std::size_t> reserved; ///< Numbers of targets.
  std::map<supervisor_actor, metrics::tick_grid> watched;
  target_registry_actor registry;
  snapshot_store_actor store;
  journal_actor story;
  scheduler_actor clock;
  discovery_actor sources;
  std::vector<std::vector<std::string>> patterns; ///< As discovery was told.
  reloader_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(reloader_tests, reloader_fixture)

CAF_TEST(all targets are started and the service manager is notified) {
  start(targets("abc"));

  CAF_CHECK_EQUAL(watched.size(), 3u);
  CAF_CHECK(all_at_once);
  CHECK_EQUAL(told, std::vector<std::string>{"READY=1"});
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Polling\""), 3u);
}

CAF_TEST(descriptors are reserved at the start and at each good reload) {
  start(targets("abc"));

  file = "typo: 1";
  reload();
  file = targets("a");
  reload();

  CHECK_EQUAL(reserved, (std::vector<std::size_t>{3, 1}));
}

CAF_TEST(a group is spawned at its first tick) {
  start(targets("ab"));
  const auto before = sys.registry().running();

  caf::anon_send(supervisors()[0], atom::collect_v, tick{0, now() + 1h});
  consume_messages();

  // three fetchers and an aggregator
  CAF_CHECK_EQUAL(sys.registry().running(), before + 4);
}

CAF_TEST(many targets wait for their grid points) {
  std::string yaml = "targets:\n";
  for (int i = 0; i < 101; ++i)
    yaml += "- {name: n" + std::to_string(i) + ", url: \"http://a\"}\n";

  start(yaml);

  CAF_CHECK_EQUAL(watched.size(), 101u);
  CAF_CHECK(!all_at_once);
}

CAF_TEST(a hundred targets do not wait for their grid points) {
  std::string yaml = "targets:\n";
  for (int i = 0; i < 100; ++i)
    yaml += "- {name: n" + std::to_string(i) + ", url: \"http://a\"}\n";

  start(yaml);

  CAF_CHECK_EQUAL(watched.size(), 100u);
  CAF_CHECK(all_at_once);
}

CAF_TEST(a single target has no offset and several have different ones) {
  start(targets("a"));
  CHECK_EQUAL(watched.begin()->second.offset, 0s);

  file = targets("ab");
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 2\nAdded: b\n");
  CAF_CHECK_EQUAL(watched.size(), 2u);
  CAF_CHECK(watched.begin()->second.offset != watched.rbegin()->second.offset);
}

CAF_TEST(a reload keeps targets with the same name and URL) {
  start(targets("ab"));
  const auto before = supervisors();

  file = targets("bc");
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 2\nAdded: c\nRemoved: a\n");

  const auto after = supervisors();
  CAF_CHECK_EQUAL(after.size(), 2u);
  std::size_t kept = 0;
  for (const auto& s : after)
    kept += std::count(before.begin(), before.end(), s);
  CAF_CHECK_EQUAL(kept, 1u);
  CAF_CHECK_EQUAL(added, std::vector<std::string>{"c"});
  CAF_CHECK_EQUAL(dropped, std::vector<std::string>{"a"});
  CAF_CHECK_EQUAL(logged.count("targets=2 added=c removed=a"), 1u);
  CHECK_EQUAL(reloads, std::vector{true});
  CHECK_CONTAINS(describe(), "http://c");
  CHECK_NOT_CONTAINS(describe(), "name: a");
}

CAF_TEST(a target with a changed URL is replaced) {
  start(targets("a"));
  const auto before = supervisors();

  file = "targets: [{name: a, url: \"http://other\"}]";
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 1\nAdded: a\nRemoved: a\n");
  CAF_CHECK(supervisors() != before);
  CAF_CHECK_EQUAL(added, std::vector<std::string>{"a"});
  CAF_CHECK(dropped.empty()); // the cache keeps the counters of the name
}

CAF_TEST(changed settings go to the same supervisor) {
  start(targets("a"));
  const auto before = supervisors();

  file = targets("a", ", collection: {interval: 7s}");
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 1\nChanged: a\n");
  CHECK_EQUAL(supervisors(), before);
  CHECK_EQUAL(watched.begin()->second.interval, 7s);
  CAF_CHECK(!all_at_once); // the next grid point is early enough
  CAF_CHECK_EQUAL(logged.count("targets=1 changed=a"), 1u);
}

CAF_TEST(a target that keeps its interval keeps its grid) {
  start(targets("a"));

  file = targets("a", ", cache: {ttl: 7s}");
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 1\nChanged: a\n");

  CAF_CHECK_EQUAL(watches, 1);
}

CAF_TEST(the log names the URLs of a target and what replaces the default) {
  start("targets:\n"
        "- {name: a, replicas: [\"http://a\", \"http://b\"]}\n"
        "- {name: b, url: \"" +
        std::string{config::default_url} + "\"}\n");

  CAF_CHECK_EQUAL(logged.count("msg=\"Polling\" target=a url=\"http://a:80 "
                               "http://b:80\""),
                  1u);
  CAF_CHECK_EQUAL(logged.count("hint="), 1u);
  CAF_CHECK_EQUAL(
      logged.count("target=b url=" + std::string{config::default_url} +
                   " hint=\"BETANET_URL or --betanet.url names "
                   "another service\""),
      1u);
}

CAF_TEST(with several targets the lines of each tick are at debug level) {
  start(targets("a"));
  const auto first = supervisors()[0];
  const auto line_of_a_tick = [&] {
    logged.text.str("");
    caf::anon_send(first, atom::collect_v, tick{1, now() + 1h});
    consume_messages();
    for (const auto& line : logged.lines())
      if (line.find("Collecting Betanet metrics...") != line.npos)
        return line.substr(0, line.find(' '));
    return std::string{"none"};
  };

  CAF_CHECK_EQUAL(line_of_a_tick(), "INFO");

  file = targets("ab");
  reload();
  CAF_CHECK_EQUAL(line_of_a_tick(), "DEBUG");

  file = targets("a");
  reload();
  CAF_CHECK_EQUAL(line_of_a_tick(), "INFO");
}

CAF_TEST(an invalid file changes nothing and is logged at each request) {
  start(targets("a"));
  const auto before = supervisors();

  file = "targetz: []";
  for (int i = 0; i < 3; ++i) {
    CAF_CHECK_EQUAL(reload(), "f.yml:1:1: targetz: unknown key, did you mean "
                              "\"targets\"?\n");
    CHECK_EQUAL(supervisors(), before);
  }
  CHECK_EQUAL(reloads, std::vector(3, false));
  CAF_CHECK_EQUAL(logged.count("ERROR"), 3u);

  hang_up();
  CAF_CHECK_EQUAL(logged.count("ERROR"), 4u);

  file = targets("a");
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 1\n");
  CAF_CHECK(reloads.back());
}

CAF_TEST(changed keys that need a restart are logged) {
  start(targets("a"));

  file = targets("a") + "web: {max_connections: 9}\n";
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 1\nWaiting for a restart: "
                            "web.max_connections\n");
  CAF_CHECK_EQUAL(logged.count("WARN msg=\"A changed key needs a restart\" "
                               "key=web.max_connections"),
                  1u);
  CHECK_CONTAINS(describe(), "max_connections: 256");
}

CAF_TEST(a restart is pending while a key that needs one differs) {
  start(targets("a"));
  reload();
  CAF_CHECK(!restart_pending);

  file = targets("a") + "web: {max_connections: 9}\n";
  reload();
  CAF_CHECK(restart_pending);

  file = "broken: {}"; // tells nothing about the keys
  reload();
  CAF_CHECK(restart_pending);

  file = targets("ab");
  reload();
  CAF_CHECK(!restart_pending);
}

CAF_TEST(many reload requests cause two readings and all are answered) {
  start(targets("a"));
  hangs = true;

  auto first = self->request(aut, caf::infinite, atom::reload_v);
  consume_messages();
  file = targets("ab"); // changes after the first reading has begun
  for (int i = 0; i < 50; ++i)
    hang_up();
  auto second = self->request(aut, caf::infinite, atom::reload_v);
  auto third = self->request(aut, caf::infinite, atom::reload_v);
  consume_messages();
  CAF_CHECK_EQUAL(readings, 1);

  read();
  consume_messages();
  CAF_CHECK_EQUAL(result_of(first), "Reloaded, targets: 1\n");
  CAF_CHECK_EQUAL(watched.size(), 1u);
  CAF_CHECK_EQUAL(readings, 2);

  read();
  consume_messages();
  CAF_CHECK_EQUAL(result_of(second), "Reloaded, targets: 2\nAdded: b\n");
  CAF_CHECK_EQUAL(result_of(third), "Reloaded, targets: 2\nAdded: b\n");
  CAF_CHECK_EQUAL(watched.size(), 2u);
  CAF_CHECK_EQUAL(readings, 2);
}

CAF_TEST(a hanging disk does not block other requests) {
  start(targets("a"));
  hangs = true;
  hang_up();
  CHECK_CONTAINS(describe(), "http://a");

  auto waiting = self->request(aut, caf::infinite, atom::reload_v);
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(result_of(waiting), "The exporter is stopping.\n");
  CAF_CHECK_EQUAL(told.back(), "STOPPING=1");
}

CAF_TEST(a changed file is reloaded when two readings are equal) {
  check_file_every = 1s;
  start(targets("a"));

  advance(10s);
  CAF_CHECK_EQUAL(readings, 0);

  file = targets("ab");
  advance(1s);
  CAF_CHECK_EQUAL(readings, 0);

  advance(1s);
  CAF_CHECK_EQUAL(readings, 1);
  CAF_CHECK_EQUAL(watched.size(), 2u);

  advance(10s);
  CAF_CHECK_EQUAL(readings, 1);

  file = "broken: {}";
  advance(5s); // reads again, because a named file may exist by now
  CAF_CHECK_EQUAL(readings, 5);
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 1u);
}

CAF_TEST(a problem is told to everyone who asks but to nobody else) {
  check_file_every = 1s;
  start(targets("a"));
  file = "broken: {}";

  advance(5s);
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 1u);

  hang_up();
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 2u);

  reload();
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 3u);

  advance(5s);
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 3u);

  file = "worse: {}";
  advance(5s);
  CAF_CHECK_EQUAL(logged.count("Reload failed"), 4u);
}

CAF_TEST(a restored file makes the latest reload successful) {
  check_file_every = 1s;
  start(targets("a"));
  const auto before = supervisors();
  file = "broken: {}";
  advance(3s);
  CAF_CHECK(!reloads.back());

  file = targets("a");
  advance(3s);

  CAF_CHECK(reloads.back());
  CHECK_EQUAL(supervisors(), before);

  const auto count = reloads.size();
  advance(10s);
  CAF_CHECK_EQUAL(reloads.size(), count);
}

CAF_TEST(a signal during an automatic reload is answered by the next one) {
  check_file_every = 1s;
  start(targets("a"));
  hangs = true;
  file = "broken: {}";
  advance(2s);

  hang_up();
  read(); // ends the automatic reload
  consume_messages();
  read(); // ends the one that the signal asked for
  consume_messages();

  CAF_CHECK_EQUAL(logged.count("Reload failed"), 2u);
}

CAF_TEST(the loaded configuration is logged) {
  start(targets("ab"));

  CAF_CHECK_EQUAL(
      logged.count("INFO msg=\"Configuration loaded\" file=f.yml targets=2"),
      1u);
  CAF_CHECK_EQUAL(logged.count("shard="), 0u);
}

CAF_TEST(the shard of the process is logged) {
  shard = config::shard{4, 1};
  start(targets("a"));

  CAF_CHECK_EQUAL(logged.count("targets=1 shard=\"1 of 4\""), 1u);
}

CAF_TEST(a configuration without targets is a warning at each load) {
  start("targets: []");
  const std::string warning =
      "WARN msg=\"targets: there are none, nothing will be collected\"";

  CAF_CHECK_EQUAL(logged.count(warning), 1u);

  file = targets("a");
  reload();
  CAF_CHECK_EQUAL(logged.count(warning), 1u);

  file = "targets: []";
  reload();
  CAF_CHECK_EQUAL(logged.count(warning), 2u);
}

CAF_TEST(the warnings of a reading are told when it is used) {
  start(targets("a"));
  warnings = {"anyone can read the password"};
  file = "broken: {}";
  reload();
  CAF_CHECK_EQUAL(logged.count("WARN"), 0u);

  file = targets("b");
  reload();

  CAF_CHECK_EQUAL(logged.count("WARN msg=\"anyone can read the password\""),
                  1u);
}

CAF_TEST(without discovery nobody is asked for targets) {
  start(targets("a"));
  reload();

  CAF_CHECK(patterns.empty());
}

CAF_TEST(the sources of targets are told at the start and at each reload) {
  start("target_files: [a.yml]");
  CHECK_EQUAL(patterns.back(), std::vector<std::string>{"a.yml"});

  file = "target_files: [b.yml]";
  reload();
  CHECK_EQUAL(patterns.back(), std::vector<std::string>{"b.yml"});

  file = targets("a");
  reload();
  CHECK_EQUAL(patterns.back(), std::vector<std::string>{});
  CAF_CHECK_EQUAL(patterns.size(), 3u);
}

CAF_TEST(discovered targets are added and removed and others keep their state) {
  start(targets("a") + "target_files: [t.yml]");
  const auto before = supervisors();

  discover("bc");
  CAF_CHECK_EQUAL(watched.size(), 3u);
  CAF_CHECK(watched.contains(before[0]));
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Targets discovered\" targets=3 "
                               "added=\"b, c\""),
                  1u);
  const auto all = supervisors();

  discover("c");
  CAF_CHECK_EQUAL(dropped, std::vector<std::string>{"b"});
  CAF_CHECK_EQUAL(watched.size(), 2u);
  for (const auto& s : supervisors())
    CAF_CHECK(std::count(all.begin(), all.end(), s) == 1);
  CHECK_EQUAL(reserved, (std::vector<std::size_t>{1, 3, 2}));
}

CAF_TEST(a reload keeps the discovered targets) {
  start(targets("a") + "target_files: [t.yml]");
  discover("bc");
  const auto before = supervisors();

  file = targets("d") + "target_files: [t.yml]";
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 3\nAdded: d\nRemoved: a\n");
  CAF_CHECK_EQUAL(dropped, std::vector<std::string>{"a"});
  std::size_t kept = 0;
  for (const auto& s : supervisors())
    kept += std::count(before.begin(), before.end(), s);
  CAF_CHECK_EQUAL(kept, 2u);

  file = "broken: {}";
  reload();
  CAF_CHECK_EQUAL(watched.size(), 3u);
  CHECK_NOT_CONTAINS(describe(), "http://b"); // not of the configuration
}

CAF_TEST(a changed label goes to the same supervisor) {
  start("target_files: [t.yml]");
  discover("b", true, {{"region", "eu"}});
  const auto before = supervisors();

  discover("b", true, {{"region", "us"}});

  CHECK_EQUAL(supervisors(), before);
  CAF_CHECK_EQUAL(logged.count("targets=1 changed=b"), 1u);
}

CAF_TEST(too many discovered targets are refused and the former stay) {
  most_targets = 2;
  start(targets("a") + "target_files: [t.yml]");
  discover("b");
  const auto before = supervisors();

  discover("bc");
  CHECK_EQUAL(supervisors(), before);
  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"The discovered targets are refused,"
                               " the former stay\" error=\"too many targets\""),
                  1u);

  file = targets("ad") + "target_files: [t.yml]";
  CAF_CHECK_EQUAL(reload(), "too many targets\n");
  CHECK_EQUAL(supervisors(), before);

  discover("c");
  CAF_CHECK_EQUAL(dropped, std::vector<std::string>{"b"});
}

CAF_TEST(targets that are left out are told once) {
  start(targets("a") + "target_files: [t.yml]");
  const auto left_out = "WARN msg=\"t.yml: the target";

  discover("ab");
  CAF_CHECK_EQUAL(logged.count(left_out), 1u);
  discover("abc");
  CAF_CHECK_EQUAL(logged.count(left_out), 1u);
  CAF_CHECK_EQUAL(watched.size(), 3u);

  discover("c");
  discover("ac");
  CAF_CHECK_EQUAL(logged.count(left_out), 2u);
}

CAF_TEST(a list cannot take a name that another shard polls since a reload) {
  start(targets("a") + "target_files: [t.yml]");
  elsewhere = {{"b", "http://eu"}};
  reload();

  discover("bc");
  CAF_CHECK_EQUAL(watched.size(), 2u);
  CAF_CHECK_EQUAL(logged.count("its name \\\"b\\\" is that of http://eu"), 1u);

  elsewhere.clear();
  CAF_CHECK_EQUAL(reload(), "Reloaded, targets: 3\nAdded: b\n");
}

CAF_TEST(no targets before the first list are neither a warning nor ready) {
  start("target_files: [t.yml]");
  CAF_CHECK_EQUAL(logged.count("WARN"), 0u);

  discover("", false);
  CAF_CHECK(!discovered);

  discover("b", true);
  CAF_CHECK(discovered);
}

CAF_TEST(the service manager is notified of reloads and of health) {
  watchdog_every = 5s;
  start(targets("a"));
  CAF_CHECK_EQUAL(std::count(told.begin(), told.end(), "WATCHDOG=1"), 1);

  advance(20s);
  CAF_CHECK_EQUAL(std::count(told.begin(), told.end(), "WATCHDOG=1"), 5);

  healthy = false;
  advance(20s);
  CAF_CHECK_EQUAL(std::count(told.begin(), told.end(), "WATCHDOG=1"), 5);

  told.clear();
  reload();
  CAF_REQUIRE_EQUAL(told.size(), 2u);
  CAF_CHECK_EQUAL(told[0].substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
  CAF_CHECK_EQUAL(told[1], "READY=1");
}

CAF_TEST(a supervisor that dies ends the reloader) {
  start(targets("ab"));
  self->monitor(aut);

  caf::anon_send_exit(supervisors()[0], caf::exit_reason::unhandled_exception);
  consume_messages();

  bool failed = false;
  self->receive([&](const caf::down_msg& d) {
    failed = d.reason == caf::exit_reason::unhandled_exception;
  });
  CAF_CHECK(failed);
  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Supervisor died\""), 1u);
}

CAF_TEST(a stop without targets ends at once) {
  start("targets: []");
  self->monitor(aut);

  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();

  bool ended = false;
  self->receive([&](const caf::down_msg&) { ended = true; },
                caf::after(0s) >> [] {});
  CAF_CHECK(ended);
}

CAF_TEST(a stop waits for all supervisors) {
  start(targets("abc"));
  const auto all = supervisors();
  self->monitor(aut);

  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();

  bool ended = false;
  self->receive([&](const caf::down_msg& d) {
    ended = d.reason == caf::exit_reason::user_shutdown;
  });
  CAF_CHECK(ended);
  CAF_CHECK_EQUAL(logged.count("ERROR"), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
