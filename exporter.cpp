#include "exporter.hpp"

#include "net/descriptors.hpp"
#include "net/systemd.hpp"

#include <caf/send.hpp>

#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

namespace betanet {

using namespace std::chrono_literals;

namespace {

/// How long a stop waits for responses to clients and for the actors to quit.
/// Together with `flush_time` in main.cpp this is below 2 s, the promised
/// duration of a stop.
constexpr auto drain_time = 1s;
constexpr auto quit_time = 500ms;

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
