#include "exporter.hpp"

#include "actors/cache.hpp"
#include "actors/enums.hpp"
#include "actors/http_front.hpp"
#include "actors/journal.hpp"
#include "actors/on_io.hpp"
#include "actors/presenter.hpp"
#include "actors/renderer.hpp"
#include "actors/scheduler.hpp"
#include "actors/upstream.hpp"
#include "config/file.hpp"
#include "metrics/process.hpp"
#include "net/descriptors.hpp"
#include "net/systemd.hpp"
#include "pages/routes.hpp"
#include "preflight.hpp"

#include <caf/send.hpp>

#include <csignal>
#include <cstdlib>
#include <future>
#include <random>
#include <thread>

namespace betanet {

using namespace std::chrono_literals;

namespace {

/// How long a stop waits for responses to clients and for the actors to quit.
/// Together with `flush_time` in main.cpp this is below 2 s, the promised
/// duration of a stop.
constexpr auto drain_time = 1s;
constexpr auto quit_time = 500ms;

double random_unit() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution{-1.0, 1.0}(engine);
}

net::server_limits limits_of(const config::web& w) {
  net::server_limits l;
  l.connections = static_cast<std::size_t>(w.max_connections);
  l.connections_per_client =
      static_cast<std::size_t>(w.max_connections_per_address);
  l.page_bytes = static_cast<std::size_t>(w.max_page_bytes);
  l.header_bytes = static_cast<std::size_t>(w.max_header_bytes);
  l.headers = w.max_headers;
  l.header_timeout = w.header_timeout;
  l.idle_timeout = w.idle_timeout;
  l.write_timeout = w.write_timeout;
  l.requests_per_connection = w.max_requests_per_connection;
  return l;
}

/// Where Prometheus reaches the exporter; `tls`: its own server is encrypted.
pages::location location_of(const config::web& w, bool tls) {
  if (!w.external_url)
    return {tls, {}, w.telemetry_path};
  const auto& url = *w.external_url;
  return {url.tls, authority(url), url.path + w.telemetry_path};
}

/// A request of this process to its own front that asks whether the exporter is
/// healthy.
class health_probe : public net::exchange {
public:
  explicit health_probe(std::function<void(bool)> done)
      : done_(std::move(done)) {
    request_.path = pages::healthy_path;
    request_.own = true;
  }
  const net::request& request() const override { return request_; }
  bool is_open() const override { return true; }
  void respond(std::shared_ptr<const net::reply> r) override {
    done_(r->status() == 200);
  }
  void respond_to_scrape(std::shared_ptr<const net::reply> r) override {
    respond(std::move(r));
  }

private:
  net::request request_;
  std::function<void(bool)> done_;
};

/// The content of a file; empty if it cannot be read.
std::string content_of(const std::string& file) {
  try {
    return config::read_file(file, config::largest_file);
  } catch (const std::runtime_error&) {
    return {};
  }
}

config_reading read_configuration(const exporter::loader& load) {
  config_reading found;
  try {
    auto given = load();
    found.content = std::move(given.content);
    hide_memory_with_secrets(given.settings);
    found.warnings = exposed_secrets(given.settings);
    found.settings = std::move(given.settings);
  } catch (const std::exception& e) {
    found.problems = e.what();
  }
  return found;
}

} // namespace

actor_config::actor_config() {
  add_message_types<caf::id_block::betanet>();
  // CAF's default policy, work stealing, polls for work. With one target it was
  // measured to use 4.2 times the CPU time, and 0.7 % of a core when idle.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{1});
  set("logger.verbosity", caf::atom("quiet"));
}

exporter::exporter(config::invocation given, metrics::build_info build,
                   event_log l, loader load)
    : given_(std::move(given)),
      build_(std::move(build)),
      log_(std::move(l)),
      load_(std::move(load)),
      server_(loop_, limits_of(web_), [this](exchange_ptr e) {
        if (guard_)
          caf::anon_send(guard_, atom::serve_v, std::move(e));
        else
          caf::anon_send(front_, atom::serve_v, std::move(e), permission::full);
      }) {}

int exporter::run() {
  net::raise_descriptor_limit();
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
  server_.on_lack_of_descriptors([this] {
    log_.warn("Connections are rejected for want of file descriptors",
              {{"hard_limit", std::to_string(net::descriptor_limit())}});
  });
  if (given_.systemd_socket)
    for (const int descriptor : net::passed_sockets())
      log_.info("Listening", {{"address", server_.adopt(descriptor)},
                              {"opened_by", "systemd"}});
  else
    for (const auto& a : web_.listen_addresses)
      log_.info("Listening", {{"address", server_.listen(a.host, a.port)}});
}

void exporter::start_actors() {
  // What may throw comes before the actors: their system cannot end while they
  // live.
  std::optional<web_reading> web;
  if (!web_.config_file.empty()) {
    web = read_web(web_.config_file, {});
    if (!web->problem.empty()) // the file has changed since it was checked
      throw std::runtime_error(web->problem);
  }
  const auto now = system_.clock().now();
  renderer_ = system_.spawn<caf::detached>(renderer, rendering(), log_);
  cache_settings cached;
  cached.discovered = !given_.settings.discovers();
  for (const auto& t : given_.settings.targets)
    cached.targets.emplace_back(t.name, empty_snapshot(t, now));
  cache_ = spawn_on(&loop_, system_, cache, std::move(cached), renderer_, log_);
  journal_ = system_.spawn(journal, log_, std::chrono::system_clock::now);
  scheduler_ = spawn_on(&loop_, system_, scheduler);
  discovery_ = system_.spawn(discovery, discovering(), log_);
  reloader_ = system_.spawn(reloader, reloading());
  presenter_ = system_.spawn(
      presenter,
      presenter_settings{web_.telemetry_path, build_.version,
                         location_of(web_, web && web->tls != nullptr)},
      cache_);
  front_ =
      spawn_on(&loop_, system_, http_front,
               front_settings{web_.telemetry_path,
                              static_cast<std::uint64_t>(web_.max_requests)},
               cache_, presenter_, reloader_);
  if (web)
    start_guard(*web);
  self_->monitor(renderer_);
  self_->monitor(cache_);
  self_->monitor(journal_);
  self_->monitor(scheduler_);
  self_->monitor(discovery_);
  self_->monitor(reloader_);
  self_->monitor(presenter_);
  self_->monitor(front_);
}

renderer_settings exporter::rendering() const {
  renderer_settings s;
  s.detail = to_metrics(given_.settings.metrics.detail);
  s.exporter_metrics = !web_.disable_exporter_metrics;
  s.build = build_;
  s.reload.succeeded_at = std::chrono::system_clock::now();
  s.reload.discovered = !given_.settings.discovers();
  if (const auto& shard = given_.settings.shard)
    s.shard = metrics::shard_place{shard->index, shard->count};
  s.read_process = metrics::read_process_stats;
  return s;
}

reloader_settings exporter::reloading() {
  reloader_settings s;
  auto targets = std::exchange(given_.settings.targets, {});
  s.running = given_.settings;
  s.running.targets = std::move(targets);
  s.file = given_.file;
  s.content = given_.content;
  s.dependencies = {
      &loop_,
      cache_,
      journal_,
      log_,
      false,
      [this](const auto& t, auto e) {
        return connect(outbound_, t, e, user_agent_);
      },
      std::chrono::system_clock::now,
      random_unit,
  };
  s.problem_with_count = [](std::size_t services) {
    return net::descriptor_problem(services, net::descriptor_limit());
  };
  s.reserve = [this](std::size_t services) { reserve_descriptors(services); };
  s.registry = cache_;
  s.scheduler = scheduler_;
  s.discovery = discovery_;
  s.read = [this](auto done) {
    if (!files_.ask([load = load_] { return read_configuration(load); }, done))
      done({{}, {}, "cannot start a thread to read the configuration"});
  };
  s.read_file = [this, file = given_.file](auto done) {
    if (!files_.ask([file] { return content_of(file); }, done))
      done({});
  };
  s.probe = [this](auto done) { ask_front(std::move(done)); };
  s.check_file_every = given_.file.empty() ? 0s : given_.auto_reload;
  // sd_watchdog_enabled(3) recommends half of the watchdog's time.
  s.watchdog_every = net::watchdog_interval() / 2;
  s.notify = net::notify;
  return s;
}

discovery_settings exporter::discovering() {
  discovery_settings s;
  s.registry = cache_;
  s.read = [this](auto look, auto done) { return lists_.ask(look, done); };
  s.connect = [this](const auto& server) {
    return connect(outbound_, server, user_agent_);
  };
  return s;
}

/// Keeps descriptors for the connections to this many services, so that they
/// never make the front deaf.
void exporter::reserve_descriptors(std::size_t services) {
  const auto wanted = static_cast<std::size_t>(web_.max_connections);
  const auto limit = net::descriptor_limit();
  const auto most = net::connections_within(wanted, services, limit);
  server_.limit_connections(most, most < wanted);
  if (most < wanted)
    log_.warn("The limit of file descriptors leaves room for fewer connections "
              "than web.max_connections",
              {{"connections", std::to_string(most)},
               {"max_connections", std::to_string(wanted)},
               {"hard_limit", std::to_string(limit)},
               {"needed", std::to_string(net::descriptors_needed(services))}});
}

/// Asks the front whether the exporter is healthy. The request goes through the
/// loop, so that it is answered only if the loop works. The loop starts after
/// the front exists.
void exporter::ask_front(std::function<void(bool)> done) {
  loop_.post([this, e = std::make_shared<health_probe>(std::move(done))] {
    caf::anon_send(front_, atom::serve_v, exchange_ptr{e}, permission::full);
  });
}

void exporter::start_guard(const web_reading& first) {
  const auto file = web_.config_file;
  const auto latest = std::make_shared<web_reading>(first);
  guard_settings s;
  s.first = first;
  s.telemetry_path = web_.telemetry_path;
  s.read = [this, file, latest](auto done) {
    const auto read = [file, latest] {
      auto found = read_web(file, *latest);
      if (found.problem.empty())
        *latest = found;
      return found;
    };
    if (!files_.ask(read, done))
      done(*latest);
  };
  s.verify = [this](auto work, auto done) { return logins_.ask(work, done); };
  s.secure = [this](auto security) { server_.secure(std::move(security)); };
  guard_ = spawn_on(&loop_, system_, guard, std::move(s), front_, log_);
  self_->monitor(guard_);
  log_.info("Web configuration loaded",
            {{"web_config_file", file}, {"tls", first.tls ? "on" : "off"}});
}

int exporter::wait() {
  for (;;) {
    std::optional<int> status;
    self_->receive(
        [&](atom::signal, int number) {
          if (number == SIGHUP)
            self_->send(caf::actor_cast<reloader_impl>(reloader_),
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
  std::vector<caf::actor> all{caf::actor_cast<caf::actor>(reloader_),
                              caf::actor_cast<caf::actor>(discovery_),
                              caf::actor_cast<caf::actor>(scheduler_),
                              caf::actor_cast<caf::actor>(presenter_),
                              caf::actor_cast<caf::actor>(cache_),
                              caf::actor_cast<caf::actor>(renderer_),
                              caf::actor_cast<caf::actor>(journal_),
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

} // namespace betanet
