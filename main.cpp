// The main program of betanet_exporter. It reads the arguments, runs one action
// and returns the exit status.
//
//   betanet_exporter [--flag=value ...]   runs until SIGTERM or SIGINT
//   --config.check    validates the configuration and exits
//   --probe           polls every target once and prints how it went
//   --healthcheck     asks the running exporter whether it is healthy
//   --version, --help
#include "config/config.hpp"
#include "exporter.hpp"
#include "healthcheck.hpp"
#include "pages/routes.hpp"
#include "preflight.hpp"
#include "probe.hpp"
#include "probe_lists.hpp"

#include <caf/config.hpp>

#include <boost/version.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <malloc.h>
#include <thread>
#include <unistd.h>

using namespace betanet;

namespace {

/// How long the process waits, before it exits, for the thread that writes the
/// log.
constexpr auto flush_time = std::chrono::milliseconds{200};

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

/// Flushes the log and exits. Destructors do not run, because a name lookup
/// that hangs in the system's resolver would block them.
[[noreturn]] void leave(int status) {
  const auto flushed = std::make_shared<std::promise<void>>();
  std::thread{[flushed] {
    spdlog::shutdown(); // blocks while nobody reads from stderr
    flushed->set_value();
  }}.detach();
  flushed->get_future().wait_for(flush_time);
  std::quick_exit(status);
}

int run(config::invocation given, exporter::loader load) {
  std::optional<event_log> l;
  try {
    l = make_log(given.settings.log);
  } catch (const spdlog::spdlog_ex&) {
    std::cerr << "betanet_exporter: log.file: cannot be opened, although it "
                 "could be written a moment ago\n";
    return EXIT_FAILURE;
  }
  l->info("Starting betanet_exporter",
          {{"version", BETANET_VERSION}, {"revision", BETANET_REVISION}});
  if (geteuid() == 0)
    l->warn("Running as root: the exporter needs no privileges");
  for (const auto& w : given.warnings)
    l->warn(w);
  for (const auto& w : exposed_secrets(given.settings))
    l->warn(w);
  hide_memory_with_secrets(given.settings);
  try {
    exporter e{std::move(given), this_build(), *l, std::move(load)};
    leave(e.run());
  } catch (const std::exception& e) {
    l->error(e.what());
    leave(EXIT_FAILURE);
  }
}

/// Prints the result of `--config.check`. The running exporter logs the
/// warnings.
void report_check(const config::invocation& given,
                  const std::vector<std::string>& start_warnings) {
  for (const auto& all :
       {given.warnings, config::warnings_about(given.settings), start_warnings})
    for (const auto& w : all)
      std::cerr << "betanet_exporter: warning: " << w << '\n';
  const auto& s = given.settings;
  std::cout << "configuration OK: " << s.targets.size() << " targets";
  if (!s.target_files.empty()) {
    const auto read = read_target_files(s);
    for (const auto& p : read.problems)
      std::cerr << "betanet_exporter: warning: " << p << '\n';
    std::cout << ", " << read.lists.size() + read.problems.size()
              << " target files";
  }
  if (!s.target_servers.empty())
    std::cout << ", " << s.target_servers.size() << " servers of targets";
  std::cout << '\n';
}

int check_health(const config::invocation& given) {
  const auto why = healthcheck(given, "betanet_exporter/" BETANET_VERSION);
  if (why.empty())
    return EXIT_SUCCESS;
  std::cerr << "unhealthy: " << why << '\n';
  return EXIT_FAILURE;
}

/// Like `leave`, because a name lookup may hang.
[[noreturn]] void probe_targets(const config::settings& s) {
  for (const auto& w : config::warnings_about(s))
    std::cerr << "betanet_exporter: warning: " << w << '\n';
  const bool good = probe(s, "betanet_exporter/" BETANET_VERSION, std::cout);
  std::cout.flush();
  if (!std::cout)
    std::cerr << "betanet_exporter: cannot write the table to stdout\n";
  std::quick_exit(good && std::cout ? EXIT_SUCCESS : EXIT_FAILURE);
}

/// Makes the threads share one heap, and gives large blocks, such as pages,
/// back to the system when they are freed. By default glibc gives each thread a
/// heap, of which little is used: most messages are allocated by one thread and
/// freed by another.
void limit_heaps() {
  constexpr int large_block = 256 << 10; // bytes
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, large_block);
}

} // namespace

int main(int argc, char** argv) {
  limit_heaps();
  // SIGPIPE would end the process when a client closes its connection. SIGUSR1
  // and SIGUSR2 are ignored because other programs use them to reload or to
  // reopen logs, so that users may send them.
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2})
    std::signal(number, SIG_IGN);
  std::vector<std::string> start_warnings;
  const auto load = [argc, argv](const config::further_check& check) {
    return config::load(argc, argv, pages::reserved_paths(), check);
  };
  config::invocation given;
  try {
    given = load([&](const config::settings& s) {
      auto found = check_start(s);
      start_warnings = std::move(found.warnings);
      return found.problems;
    });
  } catch (const config::invalid& e) {
    for (const auto& line : e.problems)
      std::cerr << "betanet_exporter: " << line << '\n';
    return EXIT_FAILURE;
  }
  switch (given.action) {
  case config::action::help:
    std::cout << given.text;
    return EXIT_SUCCESS;
  case config::action::version:
    print_version();
    return EXIT_SUCCESS;
  case config::action::check:
    report_check(given, start_warnings);
    return EXIT_SUCCESS;
  case config::action::probe:
    probe_targets(given.settings);
  case config::action::healthcheck:
    return check_health(given);
  case config::action::run:
    return run(std::move(given), [load] {
      return load([](const auto& s) { return check_start(s).problems; });
    });
  }
  return EXIT_FAILURE;
}
