#pragma once

#include "metrics/render.hpp"
#include "metrics/snapshot.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The answers of the HTTP front, as pure functions without actors, sockets and
/// clocks.
namespace betanet::pages {

/// Where Prometheus reaches the exporter.
struct location {
  bool tls = false;
  std::string host; ///< With the port; empty: the `Host` of the request.
  std::string metrics_path = "/metrics";
};

/// The input of the page functions. The references must outlive the call.
struct view {
  const metrics::census& all;
  metrics::time_point now{};
  metrics::time_point started{}; ///< When the process started.
  std::string_view version;
  std::string_view telemetry_path = "/metrics";
  std::string_view host;             ///< The `Host` of the request.
  std::optional<std::string> target; ///< The NAME of `?target=NAME`.
  bool detailed = true; ///< False if the client has not logged in but should.
  location reached_at;
  metrics::wall_time wall_now{}; ///< The time of day at `now`.
  std::string filter;            ///< The TEXT of `?filter=TEXT`.
  std::string page;              ///< The N of `?page=N`.
};

/// An answer to a request, without the header lines that the server adds.
struct answer {
  int status = 200;
  const char* content_type = "text/plain; charset=utf-8";
  std::string body;
  const char* fields = ""; ///< More header lines, each ending in CRLF.
};

// The functions that make an answer from a view.
answer health(const view& v);
answer healthy(const view& v);
answer ready(const view& v);
answer discovery(const view& v);
answer status(const view& v);

/// Where the answer to a request for a path comes from.
enum class source : std::uint8_t {
  exposition,    ///< The cache renders a page of metrics.
  census,        ///< `route::make` makes a page from the snapshots.
  reload,        ///< The reloader reloads the configuration.
  configuration, ///< The reloader prints the configuration in use.
};

/// One path of the exporter.
struct route {
  std::string_view path;
  std::string_view help;    ///< One sentence for the manual page.
  std::string_view handler; ///< The value of the label `handler`.
  bool is_post = false;     ///< The method is POST, else GET and HEAD.
  bool needs_login = true;
  bool rate_limited = true;
  /// All status codes of the path's answers. Each has a series from the start
  /// of the process.
  std::span<const int> codes;
  source from = source::census;
  /// How long one answer serves further clients that ask for the same, because
  /// it is expensive to make with many targets.
  std::chrono::milliseconds lifetime{0};
  answer (*make)(const view&) = nullptr; ///< Set for `source::census`.
};

/// The path that `--healthcheck` and the service manager's watchdog ask.
inline constexpr std::string_view healthy_path = "/-/healthy";

/// The answer of a page with `source::census` when the cache does not answer.
answer without_census(const route& r);

// The status codes of groups of paths. 405 answers a wrong method. The guard,
// which checks logins and limits rates, answers with 401, 429, 500 and 503.
inline constexpr std::array probe_codes{200, 405, 503};
inline constexpr std::array probe_by_name_codes{200, 404, 405, 503};
inline constexpr std::array guarded_codes{200, 401, 405, 429, 500, 503};
inline constexpr std::array discovery_codes{200, 400, 401, 405, 429, 500, 503};
inline constexpr std::array reload_codes{200, 401, 403, 405, 429, 500, 503};
inline constexpr std::array guarded_by_name_codes{200, 401, 404, 405,
                                                  429, 500, 503};
inline constexpr std::array other_codes{200, 400, 401, 404, 413, 417,
                                        429, 431, 500, 503, 505};

/// All paths. `web.telemetry_path` replaces the path of the first one.
inline constexpr std::array route_table{
    route{.path = "/metrics",
          .help =
              "The metrics of all targets, or with ?target=NAME of one target.",
          .handler = "metrics",
          .codes = guarded_by_name_codes,
          .from = source::exposition,
          .lifetime = std::chrono::milliseconds{100}},
    route{.path = "/health",
          .help = "Health of the exporter and state of each target, in JSON.",
          .handler = "health",
          .needs_login = false,
          .rate_limited = false,
          .codes = probe_by_name_codes,
          .lifetime = std::chrono::seconds{1},
          .make = health},
    route{.path = healthy_path,
          .help =
              "Whether the exporter is healthy: the status is 200, else 503.",
          .handler = "healthy",
          .needs_login = false,
          .rate_limited = false,
          .codes = probe_codes,
          .make = healthy},
    route{
        .path = "/-/ready",
        .help =
            "Whether every target has been polled once: 200, before that 503.",
        .handler = "ready",
        .needs_login = false,
        .rate_limited = false,
        .codes = probe_codes,
        .make = ready},
    route{.path = "/-/reload",
          .help = "Reloads the configuration and tells what has changed.",
          .handler = "reload",
          .is_post = true,
          .codes = reload_codes,
          .from = source::reload},
    route{.path = "/sd",
          .help =
              "The targets as Prometheus discovers them over HTTP (http_sd).",
          .handler = "sd",
          .codes = discovery_codes,
          .lifetime = std::chrono::seconds{1},
          .make = discovery},
    route{.path = "/config",
          .help = "The configuration in use, without its secrets.",
          .handler = "config",
          .codes = guarded_codes,
          .from = source::configuration,
          .lifetime = std::chrono::seconds{1}},
    route{.path = "/",
          .help = "A status page for people.",
          .handler = "index",
          .codes = guarded_by_name_codes,
          .lifetime = std::chrono::seconds{1},
          .make = status},
};

/// The route of all other paths.
inline constexpr route unknown_route{
    .path = {}, .handler = "other", .codes = other_codes};

/// The route of a path; `unknown_route` if the table does not contain it.
const route& find_route(std::string_view path,
                        std::string_view telemetry_path = "/metrics");

/// The paths that `web.telemetry_path` must not be.
std::vector<std::string> reserved_paths();

/// The number of answered requests by handler and status code. It contains all
/// pairs of the table from the start.
class request_counts {
public:
  request_counts();

  /// The count of a route and a status code.
  std::uint64_t& at(const route& of, int code);

  const std::vector<metrics::request_count>& all() const { return counts_; }

private:
  std::vector<metrics::request_count> counts_;
};

} // namespace betanet::pages
