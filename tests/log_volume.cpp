#define CAF_SUITE log_volume

// Counts the lines that the log gets in an hour at level info, on virtual time
// with the default configuration, and compares them with the table in
// docs/logs.md.

#include "tests/wired.hpp"

#include <spdlog/sinks/base_sink.h>

#include <fstream>
#include <mutex>

using namespace betanet;
using namespace betanet::testing;

namespace {

/// Counts lines and keeps none.
struct counting_sink : spdlog::sinks::base_sink<std::mutex> {
  std::size_t lines = 0;

  void sink_it_(const spdlog::details::log_msg&) override { ++lines; }

  void flush_() override {}
};

/// The row of the table in docs/logs.md for this number of targets.
std::string documented(int targets) {
  std::ifstream in{SOURCE_DIR "/docs/logs.md"};
  const auto head = "| " + std::to_string(targets) + " |";
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(head))
      return line;
  return "no row for " + std::to_string(targets) + " targets";
}

struct volume_fixture : wired_fixture {
  volume_fixture() {
    auto out = std::make_shared<spdlog::logger>("test", sink);
    out->set_level(spdlog::level::info);
    use_line_format(*out, config::log_format::logfmt);
    logged.log = {std::move(out), config::log_format::logfmt};
  }

  transport connect(const config::target&, endpoint e) override {
    return [this, e](auto, auto done) {
      done(failing ? refused() : ok(good_body(e)));
    };
  }

  static config::settings with_targets(int n) {
    if (n == 1)
      return config::parse_yaml("", "");
    std::string yaml = "targets:\n";
    for (int i = 1; i <= n; ++i) {
      const auto name = "betanet-" + std::to_string(i);
      yaml += "- {name: " + name + ", url: \"http://" + name + ":9000\"}\n";
    }
    return config::parse_yaml(yaml, "");
  }

  /// The number of lines until `d` from now.
  std::size_t lines_in(metrics::duration d) {
    const auto before = sink->lines;
    advance(d);
    return sink->lines - before;
  }

  /// Counts the lines of a healthy hour, of an hour that begins when all
  /// targets fail, of the next hour of the same outage, and of its end.
  void measure(int targets) {
    start(with_targets(targets));
    advance(1min);
    std::vector<std::size_t> counts{lines_in(1h)};
    failing = true;
    counts.push_back(lines_in(1h));
    counts.push_back(lines_in(1h));
    failing = false;
    counts.push_back(lines_in(5min));
    std::string row = "| " + std::to_string(targets) + " |";
    for (const auto n : counts)
      row += " " + std::to_string(n) + " |";
    CAF_CHECK_EQUAL(row, documented(targets));
  }

  std::shared_ptr<counting_sink> sink = std::make_shared<counting_sink>();
  bool failing = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(volume_tests, volume_fixture)

CAF_TEST(lines of one target) {
  measure(1);
}

CAF_TEST(lines of twenty targets) {
  measure(20);
}

CAF_TEST(lines of two hundred targets) {
  measure(200);
}

CAF_TEST(lines of a thousand targets) {
  measure(1000);
}

CAF_TEST_FIXTURE_SCOPE_END()
