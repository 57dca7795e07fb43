// betanet_sim: a simulated Betanet service for trying and testing the exporter.
// Faults can be set with flags and, while it runs, with requests.
//
//   GET  /api/v1/metrics, /api/v1/nodes/status, /api/v1/network/stats
//   GET  /sim/faults          shows the faults that are set
//   POST /sim/faults          sets a fault, for example
//                             {"endpoint": "metrics", "fault": "hang"} or
//                             {"endpoint": "metrics", "fault": "body",
//                              "body": "{\"packets_processed\": 7e0}"}
//   POST /sim/values          sets values, for example
//                             {"packets_processed": 100}; then they stay fixed
//   POST /sim/reset           sets the totals to 0, as after a restart
//
// The paths under /sim are also served at the control address, where the
// simulator listens even while the service refuses connections.
#include "sim/server.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

/// What `--help` says besides the flags.
std::string more_help() {
  return "Faults, with the number N that they take:\n" + sim::describe_kinds() +
         R"(
Endpoints: metrics, nodes_status, network_stats, or all for the three of them.

Control API, at the address of --control and at that of the service:
  GET  /sim/faults    the faults that are set
  POST /sim/faults    sets a fault. Keys: endpoint, fault, and for its number
                      delay_ms, status with retry_after (seconds), size, or
                      body (the text that is sent):
                      {"endpoint": "metrics", "fault": "slow", "delay_ms": 500}
  POST /sim/values    sets values, which then stay fixed. Keys: the JSON fields
                      of the endpoints: {"packets_processed": 100}
  POST /sim/reset     sets the totals to 0, as after a restart
An unknown key is answered with 400.
)";
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A simulated Betanet service with scripted faults.",
               "betanet_sim"};
  sim::settings s;
  bool healthcheck = false;
  std::vector<std::string> flags;
  app.add_option("--listen", s.address, "Address on which the service listens")
      ->capture_default_str();
  app.add_option("--control", s.control,
                 "Address on which the paths under /sim are always served")
      ->capture_default_str();
  app.add_option("--seed", s.seed, "Seed of the random changes of the values")
      ->capture_default_str();
  app.add_flag("--still", s.still, "Do not change the values");
  app.add_flag("--close", s.close, "Close the connection after every response");
  app.add_option("--fault", flags,
                 "Fault to begin with, as endpoint=fault[:number]: for example "
                 "all=refuse, metrics=slow:500, nodes_status=status:503 or "
                 "metrics=body:{}; may be repeated");
  app.add_flag("--healthcheck", healthcheck,
               "Exit with 0 if a simulator listens at the control address");
  app.footer(more_help());
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return std::string{"betanet_sim: "} + e.what() + " (see --help)\n";
  });
  CLI11_PARSE(app, argc, argv);
  try {
    if (healthcheck)
      return sim::listens(s.control) ? EXIT_SUCCESS : EXIT_FAILURE;
    for (const auto& f : flags)
      sim::apply_flag(s.faults, f);
    sim::serve(s);
  } catch (const std::exception& e) {
    std::cerr << "betanet_sim: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
