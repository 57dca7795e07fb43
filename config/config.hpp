#pragma once

#include "config/http_client.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace betanet::config {

using duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// Defaults and meanings: spec sections 1 and 5; the README lists them.
enum class parse_fallback : std::uint8_t { last_known, default_value, omit };
enum class log_level : std::uint8_t { debug, info, warn, error };
enum class log_format : std::uint8_t { logfmt, json };
enum class metrics_detail : std::uint8_t { full, compact };

/// How one target is polled; the blocks a target may override key by key.
struct polling {
  struct collection_keys {
    duration interval = 15s;
    duration timeout = 5s;
    std::uint64_t max_body_bytes = 1048576;
    parse_fallback fallback = parse_fallback::last_known;
    std::vector<double> latency_buckets{0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,  0.5,   1,    2.5,   5}; // s
    bool operator==(const collection_keys&) const = default;
  } collection;
  struct retry_keys {
    std::vector<duration> delays{1s, 2s, 4s};
    double jitter = 0;
    bool operator==(const retry_keys&) const = default;
  } retry;
  struct circuit_breaker_keys {
    int failure_threshold = 5;
    duration open_duration = 30s;
    bool operator==(const circuit_breaker_keys&) const = default;
  } circuit_breaker;
  struct cache_keys {
    duration ttl = 10s;
    std::optional<duration> max_stale = 5min; ///< Empty: for ever.
    bool operator==(const cache_keys&) const = default;
  } cache;

  bool operator==(const polling&) const = default;
};

/// Where a service listens.
struct service_url {
  bool tls = false; ///< https.
  std::string host; ///< A name or an address, without brackets.
  std::uint16_t port = 80;
  std::string path; ///< Prefix without a trailing slash.

  bool operator==(const service_url&) const = default;
};

/// One Betanet service.
struct target {
  std::string name; ///< Empty: the unnamed single target.
  service_url url;
  std::array<std::string, 3> paths{"/api/v1/metrics", "/api/v1/nodes/status",
                                   "/api/v1/network/stats"};
  config::http_client http_client;
  config::polling polling;

  bool operator==(const target&) const = default;
};

struct web {
  std::vector<std::string> listen_addresses{":9200"};
  std::string telemetry_path = "/metrics";
  std::string config_file; ///< Empty: plain HTTP for everybody.
  int max_requests = 40;   ///< 0: no limit.
  int max_connections = 256;
  int max_header_bytes = 8192;
  int max_headers = 100;
  duration header_timeout = 10s;
  duration idle_timeout = 75s;
  duration write_timeout = 30s;
  int max_requests_per_connection = 1000;
};

struct log {
  log_level level = log_level::info;
  log_format format = log_format::logfmt;
  std::string file; ///< Empty: stderr only.
  std::uint64_t max_bytes = 10485760;
  int files = 5;
};

/// The whole configuration.
struct settings {
  config::polling polling; ///< What targets inherit.
  config::web web;
  config::log log;
  struct {
    metrics_detail detail = metrics_detail::full;
  } metrics;
  std::vector<target> targets;
};

/// Every problem found, one a line, each naming its place.
class invalid : public std::runtime_error {
public:
  explicit invalid(std::vector<std::string> problems);
  const std::vector<std::string> problems;
};

/// What the command line asks for besides running.
enum class action : std::uint8_t { run, check, healthcheck, help, version };

struct invocation {
  config::action action = action::run;
  std::string text; ///< For `help`.
  config::settings settings;
  std::string file;            ///< Empty: none.
  std::string content;         ///< Of the file.
  bool systemd_socket = false; ///< Listens on what systemd opened instead.
  duration auto_reload{0s};    ///< Between two looks at the file; 0: never.
};

/// Reads flags, environment and file; the former beat the latter. Throws
/// `invalid`. Touches the file system, never the network.
invocation load(int argc, const char* const* argv);

/// Applied over the file's sections before targets inherit from them.
using overlay = std::function<void(settings&)>;

/// Reads `yaml` over the defaults. `file` is what messages call it. Throws
/// `invalid`.
settings parse_yaml(const std::string& yaml, const std::string& file,
                    const overlay& flags = {});

/// The whole of it, as `parse_yaml` reads it but for the secrets.
std::string to_yaml(const settings& s);

/// Process-wide keys that differ: they need a restart.
std::vector<std::string> restart_keys(const settings& a, const settings& b);

/// The service that is polled when nothing else is configured.
inline constexpr auto default_url = "http://localhost:9000";
target unnamed_target(const polling& p, const std::string& url);

/// `https://host:port/prefix`. Throws `std::invalid_argument`.
service_url parse_url(const std::string& text);
std::string to_string(const service_url& url);

/// `1m30s`; below a millisecond `0s`.
std::string print_duration(duration d);

/// One flag and what it sets, for the documentation and its test.
struct documented {
  std::string name, fallback, help;
};
std::vector<documented> documented_flags();    ///< Without the leading dashes.
std::vector<documented> documented_keys();     ///< `section.key`.
std::vector<documented> documented_web_keys(); ///< Of `web.config_file`.

} // namespace betanet::config
