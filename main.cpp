#include "actors/actors.hpp"
#include "actors/cache.hpp"
#include "actors/group.hpp"
#include "actors/log.hpp"
#include "actors/on_io.hpp"
#include "actors/scheduler.hpp"
#include "actors/upstream.hpp"
#include "config/config.hpp"
#include "metrics/self.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <boost/version.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <random>
#include <thread>
#include <unistd.h>

using namespace betanet;
using namespace std::chrono_literals;

namespace {

/// More targets than this would start in one burst: they wait for their slots.
constexpr std::size_t immediate_targets = 100;

constexpr auto user_agent = "betanet_exporter/" BETANET_VERSION;

/// How long a stop waits: for clients, for actors, for the log. Below 2 s.
constexpr auto drain_time = 1s;
constexpr auto quit_time = 500ms;
constexpr auto flush_time = 200ms;

metrics::build_info this_build() {
  const auto dotted = [](int major, int minor, int patch) {
    return std::to_string(major) + "." + std::to_string(minor) + "." +
           std::to_string(patch);
  };
  return {
      BETANET_VERSION, BETANET_REVISION, "gcc " __VERSION__,
      dotted(CAF_VERSION / 10000, CAF_VERSION / 100 % 100, CAF_VERSION % 100),
      dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
             BOOST_VERSION % 100)};
}

void print_version() {
  const auto b = this_build();
  std::cout << "betanet_exporter, version " << b.version
            << " (revision: " << b.revision << ")\n  compiler: " << b.compiler
            << "\n  CAF: " << b.caf_version << "\n  Boost: " << b.boost_version
            << '\n';
}

double random_unit() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution{-1.0, 1.0}(engine);
}

net::server_limits limits_of(const config::web& w) {
  net::server_limits l;
  l.connections = static_cast<std::size_t>(w.max_connections);
  l.header_bytes = static_cast<std::size_t>(w.max_header_bytes);
  l.headers = w.max_headers;
  l.header_timeout = w.header_timeout;
  l.idle_timeout = w.idle_timeout;
  l.write_timeout = w.write_timeout;
  l.requests_per_connection = w.max_requests_per_connection;
  return l;
}

/// Asks the exporter that runs with this configuration how it is.
int healthcheck(const config::settings& s) {
  const auto& address = s.web.listen_addresses.front();
  const auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('['))
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "0.0.0.0" || host == "::")
    host = "localhost";
  net::loop loop;
  net::outbound shared{loop};
  net::http_client client{
      shared,
      {host, static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))),
       "/-/healthy", user_agent, 65536}};
  net::outcome result = net::error{net::errc::local, "no answer"};
  client.get(3s, [&](net::outcome o) {
    result = std::move(o);
    loop.stop();
  });
  loop.run();
  if (const auto* e = std::get_if<net::error>(&result))
    std::cerr << "unhealthy: " << e->text << '\n';
  else if (const auto& r = std::get<net::response>(result); r.status != 200)
    std::cerr << "unhealthy: " << r.body;
  else
    return EXIT_SUCCESS;
  return EXIT_FAILURE;
}

/// Everything CAF needs to know.
struct actor_config : caf::actor_system_config {
  actor_config() {
    add_message_types<caf::id_block::betanet>();
    set("scheduler.policy", caf::atom("sharing")); // stealing polls
    set("scheduler.max-threads", std::size_t{2});
    set("logger.verbosity", caf::atom("quiet"));
  }
};

/// The problems of a configuration that only the libraries which will use it
/// can find, one a line; reads the files it names.
std::string defects(const config::settings& s) {
  std::string all;
  net::tls_contexts contexts;
  std::vector<std::shared_ptr<net::tls_context>> held; // or each is made anew
  for (const auto& t : s.targets)
    try {
      held.push_back(check_identity(t, contexts));
    } catch (const std::runtime_error& e) {
      all += (all.empty() ? "" : "\n") + std::string{e.what()};
    }
  return all;
}

/// The process while it runs; its main thread is the operator actor.
class exporter {
public:
  /// `reread` gives the settings of this moment; throws `config::invalid`.
  exporter(const config::invocation& what, event_log l,
           std::function<config::settings()> reread)
      : settings_(what.settings),
        log_(std::move(l)),
        reread_(std::move(reread)),
        file_(what.file),
        look_every_(what.auto_reload) {}

  /// Runs until a signal or a failure; the exit status.
  int run();

private:
  /// A target that is polled.
  struct polled {
    config::target target;
    supervisor_actor supervisor;
    metrics::time_point since; ///< The origin of its ticks.
  };

  void start_actors();
  int wait();
  void stop();

  /// The configuration file's; by content, as a mounted one is a link that
  /// changes its target.
  std::string content() const;
  void look();

  /// What is wrong with the configuration file; nothing if it rules now.
  std::string reload();
  void apply(const std::vector<config::target>& wanted);
  void start(const config::target& t, bool known_from_start);
  void change(polled& p, const config::target& t);
  void end(const polled& p);

  metrics::tick_grid grid_of(const polled& p) const;
  surroundings around();

  config::settings settings_;
  event_log log_;
  std::function<config::settings()> reread_;
  std::string file_;
  config::duration look_every_; ///< 0: never.
  std::string seen_;            ///< The file's content that rules.
  std::string looked_at_;       ///< At the latest look.
  std::string problems_;        ///< Of the latest reload.
  net::loop loop_;
  net::outbound outbound_{loop_};
  http_front_actor front_; ///< Set before the loop runs.
  net::http_server server_{
      loop_, limits_of(settings_.web), [this](exchange_ptr e) {
        caf::anon_send(front_, atom::serve_v, std::move(e));
      }};
  actor_config caf_config_;
  caf::actor_system system_{caf_config_};
  caf::scoped_actor self_{system_};
  cache_actor cache_;
  scheduler_actor scheduler_;
  std::vector<polled> polled_;
  metrics::wall_time reloaded_at_ = std::chrono::system_clock::now();
};

int exporter::run() {
  loop_.on_signal([me = caf::actor{self_}](int number) {
    caf::anon_send(me, atom::signal_v, number);
  });
  for (const auto& address : settings_.web.listen_addresses)
    log_.info("Listening", {{"address", server_.listen(address)}});
  start_actors();
  std::thread io{[this] { loop_.run(); }};
  const int status = wait();
  stop();
  loop_.stop();
  io.join();
  return status;
}

void exporter::start_actors() {
  const auto now = system_.clock().now();
  cache_settings cached;
  cached.detail = static_cast<metrics::detail>(settings_.metrics.detail);
  cached.build = this_build();
  cached.reload.succeeded_at = reloaded_at_;
  cached.read_process = metrics::read_process_stats;
  for (const auto& t : settings_.targets)
    cached.targets.emplace_back(t.name, empty_snapshot(t, now));
  cache_ = system_.spawn(cache, std::move(cached), log_);
  scheduler_ = system_.spawn(scheduler);
  front_ = system_.spawn<front_on_io>(
      loop_,
      front_settings{settings_.web.telemetry_path,
                     static_cast<std::uint64_t>(settings_.web.max_requests),
                     BETANET_VERSION},
      cache_, caf::actor_cast<operator_actor>(caf::actor{self_}));
  for (const auto& t : settings_.targets)
    start(t, true);
  self_->monitor(scheduler_);
  self_->monitor(cache_);
  self_->monitor(front_);
}

surroundings exporter::around() {
  return {cache_,
          log_,
          settings_.targets.size() > chatty_targets,
          [this](const auto& t, auto e) {
            return connect(outbound_, t, e, user_agent);
          },
          std::chrono::system_clock::now,
          random_unit};
}

metrics::tick_grid exporter::grid_of(const polled& p) const {
  const auto interval = p.target.polling.collection.interval;
  const bool alone = settings_.targets.size() == 1;
  return {p.since, alone ? 0ns : metrics::tick_offset(p.target.name, interval),
          interval};
}

void exporter::start(const config::target& t, bool known_from_start) {
  const auto now = system_.clock().now();
  if (!known_from_start)
    self_->send(cache_, atom::add_v, t.name, empty_snapshot(t, now));
  if (settings_.targets.size() <= chatty_targets)
    log_.info("Polling", {{"target", t.name}, {"url", to_string(t.url)}});
  polled_.push_back({t, spawn_group(system_, t, around()), now});
  self_->monitor(polled_.back().supervisor);
  self_->send(scheduler_, atom::watch_v, polled_.back().supervisor,
              grid_of(polled_.back()),
              settings_.targets.size() <= immediate_targets);
}

void exporter::end(const polled& p) {
  self_->demonitor(p.supervisor.address());
  self_->send(scheduler_, atom::unwatch_v, p.supervisor);
  self_->send_exit(p.supervisor, caf::exit_reason::user_shutdown);
}

void exporter::change(polled& p, const config::target& t) {
  const bool same_pace =
      p.target.polling.collection.interval == t.polling.collection.interval;
  p.target = t;
  self_->send(p.supervisor, atom::configure_v,
              std::make_shared<const group_settings>(settings_of(t, around())));
  if (!same_pace)
    self_->send(scheduler_, atom::watch_v, p.supervisor, grid_of(p), false);
}

/// Identity is name and URL: who keeps both keeps state and counters.
void exporter::apply(const std::vector<config::target>& wanted) {
  const auto identity = [](const config::target& t) {
    return std::pair{t.name, to_string(t.url)};
  };
  std::map<std::pair<std::string, std::string>, polled> former;
  for (auto& p : std::exchange(polled_, {}))
    former.emplace(identity(p.target), std::move(p));
  std::size_t changed = 0;
  std::vector<config::target> added;
  for (const auto& t : wanted) {
    const auto same = former.extract(identity(t));
    if (!same) {
      added.push_back(t);
      continue;
    }
    if (same.mapped().target != t) {
      ++changed;
      change(same.mapped(), t);
    }
    polled_.push_back(std::move(same.mapped()));
  }
  for (const auto& [_, p] : former) {
    end(p);
    self_->send(cache_, atom::drop_v, p.target.name);
  }
  for (const auto& t : added)
    start(t, false);
  log_.info("Configuration reloaded",
            {{"targets", std::to_string(wanted.size())},
             {"added", std::to_string(added.size())},
             {"removed", std::to_string(former.size())},
             {"changed", std::to_string(changed)}});
}

std::string exporter::reload() {
  std::string problems;
  std::optional<config::settings> fresh;
  auto now = file_.empty() ? std::string{} : content();
  try {
    if (!file_.empty() && now.empty())
      throw config::invalid({file_ + ": empty, or not to be read"});
    fresh = reread_();
    problems = defects(*fresh);
  } catch (const std::exception& e) {
    problems = e.what();
  }
  metrics::reload_status status{problems.empty(), reloaded_at_};
  if (problems.empty()) {
    for (const auto& key : config::restart_keys(settings_, *fresh))
      log_.warn("A changed key needs a restart", {{"key", key}});
    settings_.polling = fresh->polling;
    settings_.targets = std::move(fresh->targets);
    apply(settings_.targets);
    status.succeeded_at = reloaded_at_ = std::chrono::system_clock::now();
    seen_ = std::move(now);
  } else if (problems != problems_) {
    log_.error("Reload failed, the former configuration goes on",
               {{"error", problems}});
  }
  problems_ = problems;
  self_->send(cache_, atom::reload_v, status);
  return problems;
}

std::string exporter::content() const {
  try {
    std::ifstream in{file_, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  } catch (const std::ios_base::failure&) {
    return {}; // a directory, or a failing disk
  }
}

/// Twice the same: nobody is writing it just now. A file that was refused is
/// tried again: another one that it names may have come.
void exporter::look() {
  auto now = content();
  const bool settled = now == std::exchange(looked_at_, now);
  if (settled && now != seen_)
    reload();
}

int exporter::wait() {
  const bool looks = look_every_ > 0s && !file_.empty();
  if (looks)
    seen_ = looked_at_ = content();
  auto next_look = system_.clock().now() + look_every_;
  for (;;) {
    std::optional<int> status;
    const auto pause =
        looks ? std::max(next_look - system_.clock().now(), config::duration{})
              : config::duration{24h};
    self_->receive(
        [&](atom::signal, int number) {
          // A storm is one reload, and the end goes before it.
          for (bool more = true; more;) {
            if (number != SIGHUP)
              status = EXIT_SUCCESS;
            self_->receive([&](atom::signal, int next) { number = next; },
                           caf::after(0s) >> [&] { more = false; });
          }
          if (!status)
            reload();
        },
        [&](atom::reload) { return reload(); },
        [&](atom::describe) { return config::to_yaml(settings_); },
        [&](const caf::down_msg& down) {
          log_.error("Actor died, stopping",
                     {{"cause", system_.render(down.reason)}});
          status = EXIT_FAILURE;
        },
        caf::after(pause) >> [] {});
    if (looks && system_.clock().now() >= next_look) {
      look();
      next_look = system_.clock().now() + look_every_;
    }
    if (status)
      return *status;
  }
}

void exporter::stop() {
  log_.info("Stopping");
  const auto drained = std::make_shared<std::promise<void>>();
  server_.stop([drained] { drained->set_value(); });
  drained->get_future().wait_for(drain_time);
  std::vector<caf::actor> all{caf::actor_cast<caf::actor>(scheduler_),
                              caf::actor_cast<caf::actor>(cache_),
                              caf::actor_cast<caf::actor>(front_)};
  for (const auto& p : polled_)
    all.push_back(caf::actor_cast<caf::actor>(p.supervisor));
  for (const auto& a : all)
    self_->send_exit(a, caf::exit_reason::user_shutdown);
  bool waiting = true;
  for (std::size_t left = all.size(); left > 0 && waiting;)
    self_->receive([&](const caf::down_msg&) { --left; },
                   [](atom::signal, int) {},
                   [](atom::reload) { return std::string{"stopping"}; },
                   [](atom::describe) { return std::string{}; },
                   caf::after(quit_time) >> [&] { waiting = false; });
}

/// Flushes the log and ends without destructors: a name lookup may still be
/// stuck in the system's resolver.
[[noreturn]] void leave(int status) {
  const auto flushed = std::make_shared<std::promise<void>>();
  std::thread{[flushed] {
    spdlog::shutdown(); // waits for stderr, which may have stopped reading
    flushed->set_value();
  }}.detach();
  flushed->get_future().wait_for(flush_time);
  std::quick_exit(status);
}

int run(const config::invocation& what,
        std::function<config::settings()> reread) {
  std::optional<event_log> l;
  try {
    l = make_log(what.settings.log);
  } catch (const spdlog::spdlog_ex& e) {
    std::cerr << "betanet_exporter: log.file: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
  l->info("Starting betanet_exporter",
          {{"version", BETANET_VERSION}, {"revision", BETANET_REVISION}});
  if (geteuid() == 0)
    l->warn("Running as root: the exporter needs no privileges");
  try {
    exporter e{what, *l, std::move(reread)};
    leave(e.run());
  } catch (const std::exception& e) {
    l->error(e.what());
    leave(EXIT_FAILURE);
  }
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  config::invocation what;
  try {
    what = config::load(argc, argv);
  } catch (const config::invalid& e) {
    for (const auto& line : e.problems)
      std::cerr << "betanet_exporter: " << line << '\n';
    return EXIT_FAILURE;
  }
  const bool starts = what.action == config::action::run ||
                      what.action == config::action::check;
  if (const auto found = starts ? defects(what.settings) : std::string{};
      !found.empty()) {
    std::cerr << "betanet_exporter: " << found << '\n';
    return EXIT_FAILURE;
  }
  switch (what.action) {
  case config::action::help:
    std::cout << what.text;
    return EXIT_SUCCESS;
  case config::action::version:
    print_version();
    return EXIT_SUCCESS;
  case config::action::check:
    return EXIT_SUCCESS;
  case config::action::healthcheck:
    return healthcheck(what.settings);
  case config::action::run:
    return run(what,
               [argc, argv] { return config::load(argc, argv).settings; });
  }
}
