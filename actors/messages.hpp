#pragma once

#include "metrics/adaptive_timeout.hpp"
#include "metrics/circuit.hpp"
#include "metrics/outages.hpp"
#include "metrics/render.hpp"
#include "metrics/schedule.hpp"
#include "metrics/snapshot.hpp"
#include "net/content_negotiation.hpp"
#include "net/http_server.hpp"
#include "net/outcome.hpp"
#include "pages/routes.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The contents of the messages between actors: payloads, atoms and type ids.
/// The interfaces of the actors are in actors.hpp.
namespace betanet::config {
struct target_folder; // config/target_files.hpp
}

namespace betanet {

// -- payloads ----------------------------------------------------------------

/// When the server's certificate expires; empty if no handshake was made.
using certificate_expiry = std::optional<std::chrono::sys_seconds>;

/// The start of one collection of a target.
struct tick {
  std::uint64_t number = 0;   ///< Counts the target's ticks from 1.
  metrics::time_point next{}; ///< When the tick after this one is due.
};

/// The replicas that a poll asks, in this order, each with the limits of its
/// requests. A target without replicas counts as one.
struct poll_order {
  struct turn {
    std::uint32_t replica = 0; ///< Its place in the list of the target.
    metrics::request_timeout timeout;
  };
  std::vector<turn> turns;
};

/// A failed attempt that will be retried.
struct attempt_report {
  betanet::endpoint endpoint{};
  metrics::ticket ticket;
  int attempt = 1; ///< Counts the attempts of the poll from 1.
  metrics::failure failure{};
  metrics::duration took{};     ///< How long the attempt took.
  metrics::duration retry_in{}; ///< The pause before the next attempt.
  betanet::certificate_expiry expiry{};
  metrics::duration limit{}; ///< The time limit of the attempt.
  /// The replica had failed before, and has not answered since.
  bool expected = false;
};

/// The end of a poll.
struct poll_report {
  betanet::endpoint endpoint{};
  metrics::ticket ticket;
  metrics::poll poll;
  /// How long the last attempt took; empty if the fetcher died.
  std::optional<metrics::duration> took;
  betanet::certificate_expiry expiry{}; ///< Seen by the last attempt.
  metrics::duration limit{};            ///< The time limit of the last attempt.
};

/// The end of a poll, as the journal is told of it.
struct ended_poll {
  metrics::quality result{};
  int attempts = 1;
  std::optional<metrics::failure> failure; ///< Set unless the poll was good.
  /// The state that the circuit breaker has entered with this poll.
  std::optional<metrics::breaker_state> entered;
  bool probe = false;
  int consecutive_failures = 0;
};

/// What happens to an endpoint besides polls.
enum class incident : std::uint8_t {
  half_opened, ///< The circuit breaker became half-open.
  refused,     ///< The circuit breaker refused a tick.
  went_stale,  ///< A poll failed and an old value is shown.
};

/// How a reload of the configuration ended.
struct reload_result {
  bool successful = false;
  std::string text; ///< What has changed, or what is wrong; ends in a line end.
};

/// The settings of a target that its aggregator uses. A reload may change them.
struct display_rules {
  metrics::freshness_rules freshness;
  /// Upper bounds of the buckets of the latency histogram, in seconds.
  std::shared_ptr<const std::vector<double>> latency_bounds;
  std::shared_ptr<const metrics::endpoint_urls> urls;
  /// See `metrics::snapshot::addresses`.
  std::shared_ptr<const std::vector<metrics::replica_address>> addresses{};
  std::shared_ptr<const metrics::target_labels> labels; ///< Null: none.
};

/// The state of a target after an event, as its supervisor knows it.
struct update {
  metrics::time_point at{}; ///< When the event happened.
  std::array<metrics::endpoint_status, endpoint_count> endpoints;
  std::vector<metrics::replica_status> replicas; ///< Empty: there are none.
  metrics::restart_counters restarts;
  certificate_expiry expiry{}; ///< Of the latest handshake.
  metrics::time_point next_tick{};
  bool collected = false; ///< The first collection has finished.

  /// The poll that has ended; empty if the event was another one.
  std::optional<std::pair<endpoint, metrics::poll>> finished;
  metrics::subject_ptr about; ///< The endpoint of `finished`, for the journal.
  std::optional<display_rules> rules; ///< New settings, if they have changed.
};

struct group_settings; // supervisor.hpp

/// A request of the front for a page of metrics.
struct page_query {
  metrics::front_totals front; ///< The front's counters, shown on the page.
  /// The scrapes answered with the previous page, which the cache counts.
  std::uint64_t scrapes = 0;
  net::format format = net::format::text_0_0_4;
  bool compressed = false; ///< The text of the page is compressed with gzip.
  /// The page shows only this target; empty: the whole page.
  std::optional<std::string> target;
};

/// A request of the front for an answer made from the snapshots of all targets.
/// The strings are those of `pages::view`.
struct census_query {
  const pages::route* route = nullptr; ///< A row of `pages::route_table`.
  std::optional<std::string> target;
  std::string host;     ///< Only for `/sd`.
  bool detailed = true; ///< False if the client should have logged in.
  std::string filter, page;
  bool compressed = false; ///< A good answer is compressed with gzip.

  bool operator==(const census_query&) const = default;
};

/// What the guard permits a client, or the status that refuses its request.
enum class permission : std::uint8_t {
  full,         ///< The client gets what it asks for.
  health_only,  ///< The client has no valid login: health without details.
  login_needed, ///< 401: the path needs a login.
  too_often,    ///< 429: the rate limit is exceeded.
  busy,         ///< 503: too many logins are being checked.
  broken,       ///< 500: the web configuration cannot be used.
};

struct config_reading;    // reloader.hpp
struct discovered_lists;  // discovery.hpp
struct discovery_sources; // discovery.hpp
struct web_reading;       // web_reading.hpp

using update_ptr = std::shared_ptr<const update>;
using ended_poll_ptr = std::shared_ptr<const ended_poll>;
using snapshot_ptr = std::shared_ptr<const metrics::snapshot>;
using snapshots_ptr = std::shared_ptr<const metrics::named_snapshots>;
using page_ptr = std::shared_ptr<const metrics::page>;
using census_ptr = std::shared_ptr<const metrics::census>;
using reply_ptr = std::shared_ptr<const net::reply>;
using outcome_ptr = std::shared_ptr<const net::outcome>;
using group_ptr = std::shared_ptr<const group_settings>;
using exchange_ptr = std::shared_ptr<net::exchange>;
using discovered_ptr = std::shared_ptr<const discovered_lists>;
using folder_ptr = std::shared_ptr<const config::target_folder>;
using source_counts_ptr =
    std::shared_ptr<const std::vector<metrics::source_count>>;
using sources_ptr = std::shared_ptr<const discovery_sources>;
using config_reading_ptr = std::shared_ptr<const config_reading>;
using web_reading_ptr = std::shared_ptr<const web_reading>;

} // namespace betanet

CAF_BEGIN_TYPE_ID_BLOCK(betanet, first_custom_type_id)

  CAF_ADD_TYPE_ID(betanet, (betanet::permission))
  CAF_ADD_TYPE_ID(betanet, (betanet::attempt_report))
  CAF_ADD_TYPE_ID(betanet, (betanet::census_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::census_query))
  CAF_ADD_TYPE_ID(betanet, (betanet::config_reading_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::discovered_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::ended_poll_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::endpoint))
  CAF_ADD_TYPE_ID(betanet, (betanet::exchange_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::folder_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::group_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::incident))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::reload_status))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::subject_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::ticket))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::tick_grid))
  CAF_ADD_TYPE_ID(betanet, (betanet::outcome_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::page_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::page_query))
  CAF_ADD_TYPE_ID(betanet, (betanet::poll_order))
  CAF_ADD_TYPE_ID(betanet, (betanet::poll_report))
  CAF_ADD_TYPE_ID(betanet, (betanet::reload_result))
  CAF_ADD_TYPE_ID(betanet, (betanet::reply_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::snapshot_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::snapshots_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::source_counts_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::sources_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::tick))
  CAF_ADD_TYPE_ID(betanet, (betanet::update_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::web_reading_ptr))

  CAF_ADD_ATOM(betanet, betanet::atom, add, "add")
  CAF_ADD_ATOM(betanet, betanet::atom, answer, "answer")
  CAF_ADD_ATOM(betanet, betanet::atom, attempt, "attempt")
  CAF_ADD_ATOM(betanet, betanet::atom, check, "check")
  CAF_ADD_ATOM(betanet, betanet::atom, collect, "collect")
  CAF_ADD_ATOM(betanet, betanet::atom, configure, "configure")
  CAF_ADD_ATOM(betanet, betanet::atom, describe, "describe")
  CAF_ADD_ATOM(betanet, betanet::atom, discover, "discover")
  CAF_ADD_ATOM(betanet, betanet::atom, drop, "drop")
  CAF_ADD_ATOM(betanet, betanet::atom, fetch, "fetch")
  CAF_ADD_ATOM(betanet, betanet::atom, half_open, "half_open")
  CAF_ADD_ATOM(betanet, betanet::atom, list, "list")
  CAF_ADD_ATOM(betanet, betanet::atom, note, "note")
  CAF_ADD_ATOM(betanet, betanet::atom, overdue, "overdue")
  CAF_ADD_ATOM(betanet, betanet::atom, poll, "poll")
  CAF_ADD_ATOM(betanet, betanet::atom, put, "put")
  CAF_ADD_ATOM(betanet, betanet::atom, read, "read")
  CAF_ADD_ATOM(betanet, betanet::atom, refresh, "refresh")
  CAF_ADD_ATOM(betanet, betanet::atom, reload, "reload")
  CAF_ADD_ATOM(betanet, betanet::atom, remind, "remind")
  CAF_ADD_ATOM(betanet, betanet::atom, render, "render")
  CAF_ADD_ATOM(betanet, betanet::atom, restore, "restore")
  CAF_ADD_ATOM(betanet, betanet::atom, retry, "retry")
  CAF_ADD_ATOM(betanet, betanet::atom, serve, "serve")
  CAF_ADD_ATOM(betanet, betanet::atom, show, "show")
  CAF_ADD_ATOM(betanet, betanet::atom, signal, "signal")
  CAF_ADD_ATOM(betanet, betanet::atom, summarize, "summarize")
  CAF_ADD_ATOM(betanet, betanet::atom, tick, "tick")
  CAF_ADD_ATOM(betanet, betanet::atom, unwatch, "unwatch")
  CAF_ADD_ATOM(betanet, betanet::atom, update, "update")
  CAF_ADD_ATOM(betanet, betanet::atom, verified, "verified")
  CAF_ADD_ATOM(betanet, betanet::atom, watch, "watch")
  CAF_ADD_ATOM(betanet, betanet::atom, watchdog, "watchdog")

CAF_END_TYPE_ID_BLOCK(betanet)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::attempt_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::census_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::census_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::config_reading_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::ended_poll_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::discovered_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::exchange_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::folder_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::group_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::reload_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::subject_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::ticket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::tick_grid)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::outcome_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::page_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::page_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::poll_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::poll_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::reload_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::reply_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::snapshot_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::snapshots_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::source_counts_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::sources_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::update_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::web_reading_ptr)
