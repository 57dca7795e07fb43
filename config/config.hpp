#pragma once

#include "config/http_client.hpp"
#include "config/shard.hpp"
#include "endpoints.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace betanet::config {

using duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

enum class parse_fallback : std::uint8_t { last_known, default_value, omit };
enum class timeout_mode : std::uint8_t { fixed, adaptive };
enum class balance : std::uint8_t { failover, round_robin };
enum class log_level : std::uint8_t { debug, info, warn, error };
enum class log_format : std::uint8_t { logfmt, json };
enum class metrics_detail : std::uint8_t { full, compact };

/// How one target is polled. A target may override these blocks key by key.
/// docs/configuration.md explains the keys.
struct polling {
  struct collection_keys {
    duration interval = 15s;
    duration timeout = 5s;
    config::timeout_mode timeout_mode = config::timeout_mode::fixed;
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
    std::optional<duration> max_stale = 5min; ///< Empty: without limit.
    bool operator==(const cache_keys&) const = default;
  } cache;

  bool operator==(const polling&) const = default;
};

/// The URL of a service.
struct service_url {
  bool tls = false; ///< The scheme is https, else http.
  std::string host; ///< A name or an address, without brackets.
  std::uint16_t port = 80;
  std::string path; ///< A prefix of all paths, without a trailing slash.

  bool operator==(const service_url&) const = default;
};

/// One Betanet service.
struct target {
  std::string name; ///< Empty for the unnamed single target.
  service_url url;  ///< That of the first replica, if there are replicas.
  /// The URLs of all replicas; empty unless `replicas` was configured.
  std::vector<service_url> replicas{};
  config::balance balance = config::balance::failover;
  std::array<std::string, endpoint_count> paths = default_paths();
  config::http_client http_client;
  config::polling polling;
  config::origin origin;
  /// What discovery adds to `betanet_exporter_target_info`.
  std::map<std::string, std::string> labels{};

  static std::array<std::string, endpoint_count> default_paths() {
    std::array<std::string, endpoint_count> all;
    for (const auto& row : endpoint_table)
      all[index(row.id)] = row.default_path;
    return all;
  }

  bool operator==(const target&) const = default;
};

/// The URLs of a target: those of its replicas, or its only one.
std::vector<service_url> urls_of(const target& t);

/// The target as if `url` were its only one.
target at_url(target t, const service_url& url);

/// How many services the targets name, replicas counted one by one.
std::size_t count_services(const std::vector<target>& targets);
/// A server that lists targets, as with Prometheus's http_sd.
struct target_server {
  service_url url;      ///< Without a path.
  std::string resource; ///< Path and query, with the leading slash.
  duration refresh_interval = 60s;
  config::http_client http_client;
  config::origin origin;

  bool operator==(const target_server&) const = default;
};

/// An address on which the exporter listens.
struct listen_address {
  /// A name or an address, without brackets; empty: all addresses.
  std::string host;
  std::uint16_t port = 9200; ///< 0: any free port.

  bool operator==(const listen_address&) const = default;
};

/// Parses an address such as `:9200`, `host:9200`, `127.0.0.1:9200` or
/// `[::1]:9200`. Throws `std::invalid_argument`.
listen_address parse_listen_address(const std::string& text);
std::string to_string(const listen_address& a);

struct web {
  std::vector<listen_address> listen_addresses{listen_address{}};
  std::string telemetry_path = "/metrics";
  std::string config_file; ///< Empty: plain HTTP without logins.
  /// Under which URL Prometheus reaches the exporter, for service discovery.
  std::optional<service_url> external_url;
  bool disable_exporter_metrics = false;
  int max_requests = 40; ///< 0: no limit.
  int max_connections = 256;
  int max_connections_per_address = 64;
  int max_page_bytes = 64 << 20;
  int max_header_bytes = 8192;
  int max_headers = 100;
  duration header_timeout = 10s;
  duration idle_timeout = 75s;
  duration write_timeout = 30s;
  int max_requests_per_connection = 1000;

  /// The paths that `telemetry_path` must not be. This is not a key.
  std::vector<std::string> reserved_paths;
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
  config::polling polling; ///< The blocks that targets inherit.
  config::web web;
  config::log log;
  struct {
    metrics_detail detail = metrics_detail::full;
  } metrics;
  std::vector<target> targets; ///< Of this shard.
  /// Patterns of the files that list more targets, see glob(3).
  std::vector<std::string> target_files;
  std::vector<target_server> target_servers; ///< The key `http_sd`.
  std::optional<config::shard> shard;        ///< Empty: polls all targets.
  /// The configured targets of other shards: their names and URLs.
  std::map<std::string, std::string> targets_elsewhere;

  /// Whether targets are discovered in addition to those configured.
  bool discovers() const {
    return !target_files.empty() || !target_servers.empty();
  }

  /// Where the keys that are not defaults were set, by name: `log.file`.
  std::map<std::string, origin> origins;
};

/// The exception for an invalid configuration. It has all problems that were
/// found, one per line, each with its place.
class invalid : public std::runtime_error {
public:
  explicit invalid(std::vector<std::string> problems);
  const std::vector<std::string> problems;
};

/// The problems in the order in which they stand in `file`, those of other
/// places behind them.
std::vector<std::string> sorted(std::vector<std::string> problems,
                                const std::string& file);

/// What the command line asks the program to do.
enum class action : std::uint8_t {
  run,
  check,
  probe,
  healthcheck,
  help,
  version
};

struct invocation {
  config::action action = action::run;
  std::string text; ///< The text of `--help`.
  /// Mistakes that the program can live with, such as a misspelt variable.
  std::vector<std::string> warnings;
  config::settings settings;
  std::string file;            ///< The configuration file; empty: none.
  std::string content;         ///< The content of the file.
  bool systemd_socket = false; ///< Listen on sockets that systemd has opened.
  duration auto_reload{0s};    ///< How often the file is checked; 0: never.
};

/// Finds the problems of settings that need more than the text of the
/// configuration, such as files that cannot be read.
using further_check = std::function<std::vector<std::string>(const settings&)>;

/// Reads the flags, the environment variables and the configuration file. Flags
/// have priority over variables, and variables over the file. The path of the
/// metrics must not be one of `reserved_paths`. If the action is to run or to
/// check, the settings are passed to `check`, even if there are other problems.
/// Does not use the network. Throws `invalid` with the problems of all.
invocation load(int argc, const char* const* argv,
                const std::vector<std::string>& reserved_paths = {},
                const further_check& check = {});

/// A function that changes the settings after the sections of the file have
/// been read and before the targets inherit them.
using overlay = std::function<void(settings&)>;

/// Reads a configuration; keys that it lacks have their defaults. `file` is the
/// name of the file in messages. Throws `invalid`.
settings parse_yaml(const std::string& yaml, const std::string& file,
                    const overlay& flags = {},
                    const std::vector<std::string>& reserved_paths = {});

/// All settings in the format that `parse_yaml` reads; secrets are replaced by
/// `<secret>`.
std::string to_yaml(const settings& s);

/// The names of the process-wide keys in which `a` and `b` differ. A change of
/// such a key needs a restart.
std::vector<std::string> restart_keys(const settings& a, const settings& b);

/// The service that is polled when none is configured.
inline constexpr auto default_url = "http://localhost:9000";

/// What is unusual about valid settings, for the log.
std::vector<std::string> warnings_about(const settings& s);

/// A target without a name. Throws `std::invalid_argument`.
target unnamed_target(const polling& p, const std::string& url);

/// Parses a URL such as `https://host:port/prefix`. Throws
/// `std::invalid_argument`.
service_url parse_url(const std::string& text);
std::string to_string(const service_url& url);

/// The URL with its host in lower case, by which equal services are known.
std::string canonical(const service_url& url);

/// The URL of a list of targets. It may have a query, in which there may be a
/// token, so that `to_string` leaves it out. Throws `std::invalid_argument`.
target_server parse_target_server(const std::string& text);
std::string to_string(const target_server& server);

/// The host and the port of a URL, as in `betanet:9000` or `[::1]:9000`.
std::string authority(const service_url& url);

/// Formats a duration as in `1m30s`, cut to whole milliseconds.
std::string print_duration(duration d);

/// A flag or a key, as the documentation lists it. `fallback` is its default.
struct documented {
  std::string name, fallback, help;
};
std::vector<documented> documented_flags();    ///< Names without dashes.
std::vector<documented> documented_keys();     ///< Names as `section.key`.
std::vector<documented> documented_web_keys(); ///< Keys of `web.config_file`.

} // namespace betanet::config
