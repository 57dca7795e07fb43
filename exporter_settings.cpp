#include "actors/enums.hpp"
#include "actors/upstream.hpp"
#include "config/file.hpp"
#include "exporter.hpp"
#include "metrics/process.hpp"
#include "net/descriptors.hpp"
#include "net/systemd.hpp"
#include "pages/routes.hpp"
#include "preflight.hpp"

#include <caf/send.hpp>

#include <random>

/// What the exporter hands to its actors: settings, and how they reach the rest
/// of the process.
namespace betanet {

using namespace std::chrono_literals;

namespace {

double random_unit() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution{-1.0, 1.0}(engine);
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

guard_settings exporter::guarding(const web_reading& first) {
  guard_settings s;
  s.first = first;
  s.telemetry_path = web_.telemetry_path;
  s.read = [this, file = web_.config_file,
            latest = std::make_shared<web_reading>(first)](auto done) {
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
  return s;
}

} // namespace betanet
