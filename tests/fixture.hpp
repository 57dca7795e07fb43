#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
#include "tests/suite.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <deque>
#include <sstream>

namespace betanet::testing {

using namespace std::chrono_literals;

struct system_config : caf::actor_system_config {
  system_config() { add_message_types<caf::id_block::betanet>(); }
};

/// A log that keeps its lines in memory.
struct captured_log {
  std::ostringstream text;
  event_log log;

  captured_log()
      : log(
            [this] {
              auto out = std::make_shared<spdlog::logger>(
                  "test",
                  std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
              out->set_level(spdlog::level::debug);
              use_line_format(*out, config::log_format::logfmt);
              return out;
            }(),
            config::log_format::logfmt) {}

  /// Lines from the level on, `LEVEL msg="..." ...`.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in{text.str()};
    for (std::string line; std::getline(in, line);)
      all.push_back(line.substr(line.find("level=") + 6));
    return all;
  }

  std::size_t count(const std::string& part) const {
    std::size_t n = 0;
    for (const auto& line : lines())
      n += line.find(part) != std::string::npos;
    return n;
  }
};

/// A fixture with CAF's deterministic scheduler and virtual time.
struct fixture : test_coordinator_fixture<system_config> {
  using duration = metrics::duration;

  metrics::time_point now() { return sched.clock().now(); }

  /// Advances the clock by `d`, stopping at each scheduled message, so that no
  /// message is late.
  void advance(duration d) {
    const auto end = now() + d;
    // A scheduled message at the end, because the clock jumps to the next one.
    self->scheduled_send(caf::actor_cast<caf::actor>(self), end,
                         caf::ok_atom_v);
    consume_messages();
    while (now() < end) {
      sched.clock().trigger_timeout();
      consume_messages();
    }
    while (sched.clock().advance_time(0s) > 0)
      consume_messages();
    consume_messages();
    self->receive([](caf::ok_atom) {});
  }

  /// Terminates an actor. The destructor of the fixture would wait for actors
  /// with delayed messages.
  template <class Handle>
  void kill(const Handle& who) {
    caf::anon_send_exit(who, caf::exit_reason::kill);
    consume_messages();
  }

  captured_log logged;
};

/// The answer of an upstream without faults.
inline std::string good_body(endpoint e) {
  switch (e) {
  case endpoint::metrics:
    return R"({"packets_processed": 5000, "packets_dropped": 10})";
  case endpoint::nodes_status:
    return R"({"active_nodes": 5, "inactive_nodes": 2, "total_nodes": 7})";
  default:
    return R"({"bytes_transmitted": 1000000, "bytes_received": 500000,
               "avg_latency_ms": 45.0, "peak_throughput": 10000})";
  }
}

inline net::outcome ok(std::string body) {
  return net::response{200, std::move(body), 0s};
}

inline net::outcome refused() {
  return net::error{net::errc::connect, "Connection refused"};
}

} // namespace betanet::testing
