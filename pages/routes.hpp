#pragma once

#include "metrics/render.hpp"
#include "metrics/snapshot.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the HTTP front says, as pure functions: no actor, no socket, no clock.
namespace betanet::pages {

/// What a page may show.
struct view {
  const metrics::census& all;
  metrics::time_point now{};
  metrics::time_point started{}; ///< The process.
  std::string_view version;
  std::string_view telemetry_path = "/metrics";
  std::string_view host;             ///< As the client called the exporter.
  std::optional<std::string> target; ///< `?target=NAME`; "" is the unnamed one.
  bool detailed = true; ///< False for a client without the login that is asked.
};

/// An answer before HTTP frames it.
struct answer {
  int status = 200;
  const char* content_type = "text/plain; charset=utf-8";
  std::string body;
  const char* fields = ""; ///< Whole header lines, each ending in CRLF.
};

// The pages that are made of a view.
answer health(const view& v);
answer healthy(const view& v);
answer ready(const view& v);
answer discovery(const view& v);
answer status(const view& v);

/// Who knows what a path answers with.
enum class source : std::uint8_t {
  exposition,    ///< The cache renders it.
  census,        ///< A page function of this room makes it of the snapshots.
  reload,        ///< The reloader acts.
  configuration, ///< The reloader describes what runs.
};

/// One path of the exporter.
struct route {
  std::string_view path;
  std::string_view handler; ///< The value of the label `handler`.
  bool is_post = false;     ///< Otherwise GET and HEAD.
  bool needs_login = true;
  bool rate_limited = true;
  /// Every code it can give: a series for each exists from the start.
  std::span<const int> codes;
  source from = source::census;
  answer (*make)(const view&) = nullptr; ///< For `source::census`.
};

/// The verdict in one word: what the health check and the service manager's
/// watchdog ask for.
inline constexpr std::string_view healthy_path = "/-/healthy";

/// What a page says of the census while the cache does not answer.
answer without_census(const route& r);

// Codes: 405 is that of a wrong method; 401, 429, 500 and 503 are also those
// of the guard, which asks for logins and limits rates.
inline constexpr std::array probe_codes{200, 405, 503};
inline constexpr std::array probe_by_name_codes{200, 404, 405, 503};
inline constexpr std::array guarded_codes{200, 401, 405, 429, 500, 503};
inline constexpr std::array guarded_by_name_codes{200, 401, 404, 405,
                                                  429, 500, 503};
inline constexpr std::array other_codes{200, 400, 401, 404, 413, 417,
                                        429, 431, 500, 503, 505};

/// Every path. The first one is moved by `web.telemetry_path`.
inline constexpr std::array route_table{
    route{.path = "/metrics",
          .handler = "metrics",
          .codes = guarded_by_name_codes,
          .from = source::exposition},
    route{.path = "/health",
          .handler = "health",
          .needs_login = false,
          .rate_limited = false,
          .codes = probe_by_name_codes,
          .make = health},
    route{.path = healthy_path,
          .handler = "healthy",
          .needs_login = false,
          .rate_limited = false,
          .codes = probe_codes,
          .make = healthy},
    route{.path = "/-/ready",
          .handler = "ready",
          .needs_login = false,
          .rate_limited = false,
          .codes = probe_codes,
          .make = ready},
    route{.path = "/-/reload",
          .handler = "reload",
          .is_post = true,
          .codes = guarded_codes,
          .from = source::reload},
    route{.path = "/sd",
          .handler = "sd",
          .codes = guarded_codes,
          .make = discovery},
    route{.path = "/config",
          .handler = "config",
          .codes = guarded_codes,
          .from = source::configuration},
    route{.path = "/",
          .handler = "index",
          .codes = guarded_by_name_codes,
          .make = status},
};

/// What every other path counts as.
inline constexpr route unknown_route{
    .path = {}, .handler = "other", .codes = other_codes};

/// The route of a path, `unknown_route` if there is none.
const route& find_route(std::string_view path,
                        std::string_view telemetry_path = "/metrics");

/// The paths that the metrics cannot be moved to.
std::vector<std::string> reserved_paths();

/// Requests answered, by handler and code; every pair of the table at 0.
class request_counts {
public:
  request_counts();

  /// `of` is of the table, or `unknown_route`.
  std::uint64_t& at(const route& of, int code);

  const std::vector<metrics::request_count>& all() const { return counts_; }

private:
  std::vector<metrics::request_count> counts_;
};

} // namespace betanet::pages
