#include "actors/actors.hpp"
#include "actors/cache.hpp"
#include "actors/guard.hpp"
#include "actors/healthcheck.hpp"
#include "actors/http_front.hpp"
#include "actors/log.hpp"
#include "actors/on_io.hpp"
#include "actors/operator.hpp"
#include "actors/preflight.hpp"
#include "actors/scheduler.hpp"
#include "actors/upstream.hpp"
#include "config/config.hpp"
#include "config/file.hpp"
#include "metrics/self.hpp"
#include "net/background.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"
#include "net/systemd.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <boost/version.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <random>
#include <thread>
#include <unistd.h>

using namespace betanet;
using namespace std::chrono_literals;

namespace {

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

/// Everything CAF needs to know.
struct actor_config : caf::actor_system_config {
  actor_config() {
    add_message_types<caf::id_block::betanet>();
    set("scheduler.policy", caf::atom("sharing")); // stealing polls
    set("scheduler.max-threads", std::size_t{2});
    set("logger.verbosity", caf::atom("quiet"));
  }
};

/// The operator's own question: is the exporter well?
class probe : public net::exchange {
public:
  explicit probe(std::function<void(bool)> done) : done_(std::move(done)) {
    request_.path = "/-/healthy";
  }
  const net::request& what() const override { return request_; }
  void respond(std::shared_ptr<const net::message> m) override {
    done_(m->status() == 200);
  }

private:
  net::request request_;
  std::function<void(bool)> done_;
};

/// The content of the file, empty if it cannot be read.
std::string content_of(const std::string& file) {
  try {
    return config::read_file(file, config::largest_file);
  } catch (const std::runtime_error&) {
    return {};
  }
}

using loader = std::function<config::invocation()>;

config_reading read_configuration(const loader& load) {
  config_reading found;
  try {
    auto what = load();
    if (!what.file.empty() && what.content.empty())
      throw config::invalid({what.file + ": empty"});
    found.content = std::move(what.content);
    found.problems = target_problems(what.settings);
    found.settings = std::move(what.settings);
  } catch (const std::exception& e) {
    found.problems = e.what();
  }
  return found;
}

/// The process while it runs.
class exporter {
public:
  exporter(config::invocation what, event_log l, loader load)
      : what_(std::move(what)), log_(std::move(l)), load_(std::move(load)) {}

  /// Runs until a signal or a failure; the exit status.
  int run();

private:
  void listen();
  void start_actors();
  void start_guard();
  operator_settings operation();
  void ask_front(std::function<void(bool)> done);
  int wait();
  void stop();

  const config::invocation what_;
  const config::web& web_ = what_.settings.web;
  event_log log_;
  loader load_; ///< The configuration of this moment; throws `invalid`.
  net::loop loop_;
  net::outbound outbound_{loop_};
  net::background files_{loop_, 2};  ///< Reads what is configured.
  net::background logins_{loop_, 1}; ///< Checks them, one at a time.
  http_front_actor front_;           ///< Set before the loop runs.
  guard_actor guard_;                ///< Null: everybody is let in.
  net::http_server server_{
      loop_, limits_of(web_), [this](exchange_ptr e) {
        if (guard_)
          caf::anon_send(guard_, atom::serve_v, std::move(e));
        else
          caf::anon_send(front_, atom::serve_v, std::move(e), admission::all);
      }};
  actor_config caf_config_;
  caf::actor_system system_{caf_config_};
  caf::scoped_actor self_{system_};
  cache_actor cache_;
  scheduler_actor scheduler_;
  operator_actor operator_;
};

int exporter::run() {
  loop_.on_signal([me = caf::actor{self_}](int number) {
    caf::anon_send(me, atom::signal_v, number);
  });
  listen();
  start_actors();
  std::thread io{[this] { loop_.run(); }};
  const int status = wait();
  stop();
  loop_.stop();
  io.join();
  return status;
}

void exporter::listen() {
  if (what_.systemd_socket)
    for (const int descriptor : net::passed_sockets())
      log_.info("Listening", {{"address", server_.adopt(descriptor)},
                              {"opened_by", "systemd"}});
  else
    for (const auto& address : web_.listen_addresses)
      log_.info("Listening", {{"address", server_.listen(address)}});
}

void exporter::start_actors() {
  const auto now = system_.clock().now();
  cache_settings cached;
  cached.detail = static_cast<metrics::detail>(what_.settings.metrics.detail);
  cached.build = this_build();
  cached.reload.succeeded_at = std::chrono::system_clock::now();
  cached.read_process = metrics::read_process_stats;
  for (const auto& t : what_.settings.targets)
    cached.targets.emplace_back(t.name, empty_snapshot(t, now));
  cache_ = system_.spawn(cache, std::move(cached), log_);
  scheduler_ = system_.spawn(scheduler);
  operator_ = system_.spawn(operate, operation());
  front_ = system_.spawn<on_io<http_front_actor, http_front_state>>(
      loop_, [this](auto* self) {
        return http_front(self,
                          {web_.telemetry_path,
                           static_cast<std::uint64_t>(web_.max_requests),
                           BETANET_VERSION},
                          cache_, operator_);
      });
  if (!web_.config_file.empty())
    start_guard();
  self_->monitor(cache_);
  self_->monitor(scheduler_);
  self_->monitor(operator_);
  self_->monitor(front_);
}

operator_settings exporter::operation() {
  operator_settings how;
  how.initial = what_.settings;
  how.content = what_.content;
  how.around = {cache_,
                log_,
                false,
                [this](const auto& t, auto e) {
                  return connect(outbound_, t, e, user_agent);
                },
                std::chrono::system_clock::now,
                random_unit};
  how.scheduler = scheduler_;
  how.read = [this](auto done) {
    const auto read = [load = load_, done] {
      return [found = read_configuration(load), done] { done(found); };
    };
    if (!files_.run(read))
      done({{}, {}, "no thread to read the configuration in"});
  };
  how.look = [this, file = what_.file](auto done) {
    const auto look = [file, done] {
      return [content = content_of(file), done] { done(content); };
    };
    if (!files_.run(look))
      done({});
  };
  how.probe = [this](auto done) { ask_front(std::move(done)); };
  how.look_every = what_.file.empty() ? 0s : what_.auto_reload;
  how.watchdog_every = net::watchdog_interval() / 2; // as systemd advises
  how.notify = net::notify;
  return how;
}

/// By way of the loop: it runs once the front is there, and must be well too.
void exporter::ask_front(std::function<void(bool)> done) {
  struct question {
    http_front_actor& front;
    exchange_ptr about;
  };
  loop_.post(
      [](void* argument) {
        const std::unique_ptr<question> q{static_cast<question*>(argument)};
        caf::anon_send(q->front, atom::serve_v, q->about, admission::all);
      },
      new question{front_, std::make_shared<probe>(std::move(done))});
}

void exporter::start_guard() {
  const auto file = web_.config_file;
  const auto latest = std::make_shared<web_look>(look_at(file, {}));
  if (!latest->problem.empty()) // it was good a moment ago
    throw std::runtime_error(latest->problem);
  guard_settings how;
  how.first = *latest;
  how.look = [this, file, latest](auto done) {
    const auto look = [file, latest, done] {
      auto found = look_at(file, *latest);
      if (found.problem.empty())
        *latest = found;
      return [found, done] { done(found); };
    };
    if (!files_.run(look))
      done(*latest);
  };
  how.verify = [this](auto work, auto done) {
    return logins_.run(
        [work, done] { return [good = work(), done] { done(good); }; });
  };
  how.secure = [this](auto security) { server_.secure(std::move(security)); };
  guard_ = system_.spawn<on_io<guard_impl, guard_state>>(
      loop_,
      [this, how](auto* self) { return guard(self, how, front_, log_); });
  self_->monitor(guard_);
  log_.info("Guarding",
            {{"web_config_file", file}, {"tls", how.first.tls ? "on" : "off"}});
}

int exporter::wait() {
  for (;;) {
    std::optional<int> status;
    self_->receive(
        [&](atom::signal, int number) {
          if (number == SIGHUP)
            self_->send(caf::actor_cast<operator_impl>(operator_),
                        atom::signal_v);
          else
            status = EXIT_SUCCESS;
        },
        [&](const caf::down_msg& down) {
          log_.error("Actor died, stopping",
                     {{"cause", system_.render(down.reason)}});
          status = EXIT_FAILURE;
        });
    if (status)
      return *status;
  }
}

void exporter::stop() {
  log_.info("Stopping");
  const auto drained = std::make_shared<std::promise<void>>();
  server_.stop([drained] { drained->set_value(); });
  drained->get_future().wait_for(drain_time);
  std::vector<caf::actor> all{caf::actor_cast<caf::actor>(operator_),
                              caf::actor_cast<caf::actor>(scheduler_),
                              caf::actor_cast<caf::actor>(cache_),
                              caf::actor_cast<caf::actor>(front_)};
  if (guard_)
    all.push_back(caf::actor_cast<caf::actor>(guard_));
  for (const auto& a : all)
    self_->send_exit(a, caf::exit_reason::user_shutdown);
  bool waiting = true;
  for (std::size_t left = all.size(); left > 0 && waiting;)
    self_->receive([&](const caf::down_msg&) { --left; },
                   [](atom::signal, int) {},
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

int run(const config::invocation& what, loader load) {
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
    exporter e{what, *l, std::move(load)};
    leave(e.run());
  } catch (const std::exception& e) {
    l->error(e.what());
    leave(EXIT_FAILURE);
  }
}

} // namespace

int main(int argc, char** argv) {
  for (const int harmless : {SIGPIPE, SIGUSR1, SIGUSR2})
    std::signal(harmless, SIG_IGN);
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
  const auto found = starts ? check_start(what.settings) : start_check{};
  if (!found.problems.empty()) {
    std::cerr << "betanet_exporter: " << found.problems << '\n';
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
    for (const auto& w : found.warnings) // a start writes them to its log
      std::cerr << "betanet_exporter: warning: " << w << '\n';
    return EXIT_SUCCESS;
  case config::action::healthcheck:
    if (const auto why = healthcheck(what, user_agent); !why.empty()) {
      std::cerr << "unhealthy: " << why << '\n';
      return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
  case config::action::run:
    return run(what, [argc, argv] { return config::load(argc, argv); });
  }
}
