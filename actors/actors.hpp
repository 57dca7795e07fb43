#pragma once

#include "metrics/circuit.hpp"
#include "metrics/render.hpp"
#include "metrics/schedule.hpp"
#include "metrics/snapshot.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/negotiate.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <vector>

/// The architecture on one page: who may say what to whom.
///
///   scheduler -> supervisor -> fetcher (x3) -> the network
///                supervisor <- fetcher
///                supervisor -> aggregator -> cache <- http_front <- a client
///                                                     http_front <- guard <-'
///
/// One group {supervisor, three fetchers, aggregator} per target; one
/// scheduler, cache, http_front and operator per process, and a guard where
/// logins or limits are configured. The operator starts, changes and ends the
/// groups.

namespace betanet {

// -- payloads ----------------------------------------------------------------

/// One instant of a target's grid.
struct tick {
  std::uint64_t number = 0;
  metrics::time_point next{}; ///< When the one after this is due.
};

/// A failed attempt that another one follows.
struct attempt_report {
  metrics::endpoint endpoint{};
  metrics::ticket ticket;
  int attempt = 1; ///< 1 is the first try.
  metrics::failure failure{};
  metrics::duration took{};
  metrics::duration retry_in{};
};

/// The end of a poll.
struct poll_report {
  metrics::endpoint endpoint{};
  metrics::ticket ticket;
  metrics::poll poll;
  /// The last attempt; empty if its fetcher died.
  std::optional<metrics::duration> took;
};

/// What a reload may change of how a target is shown.
struct display_rules {
  metrics::freshness_rules freshness;
  std::shared_ptr<const std::vector<double>> latency_bounds;
  bool quiet = false; ///< One of many: its everyday lines are for debugging.
};

/// What the supervisor knows of its target after an event.
struct update {
  metrics::time_point at{};
  std::array<metrics::endpoint_status, metrics::endpoint_count> endpoints;
  metrics::restart_counters restarts;
  metrics::time_point next_tick{};
  bool collected = false; ///< The first collection has finished.

  /// The poll whose end the event was, if it was one.
  std::optional<std::pair<metrics::endpoint, metrics::poll>> finished;
  /// It was the last of its collection, and one of them read something.
  bool read_collection = false;
  std::optional<display_rules> rules; ///< New ones.
};

struct group_settings; // supervisor.hpp

/// What a page is asked for with.
struct page_query {
  metrics::front_totals front;
  std::uint64_t scrapes = 0; ///< Answered from the page before.
  net::format format = net::format::text_0_0_4;
  bool compressed = false;           ///< gzip.
  std::optional<std::string> target; ///< Only its families.
};

/// What the cache holds, for health answers and people.
struct census {
  std::vector<std::pair<std::string, std::shared_ptr<const metrics::snapshot>>>
      targets;        ///< By name.
  bool ready = false; ///< Every target has once finished a collection.
};

/// What a client may have.
enum class admission : std::uint8_t {
  all,          ///< Whatever it asks for.
  health_only,  ///< No login where one is asked for: the verdict, no detail.
  login_needed, ///< 401
  too_often,    ///< 429
  busy,         ///< 503: too many logins are being checked.
  broken,       ///< 500: the guard's own configuration is.
};

struct config_reading; // operator.hpp
struct web_look;       // guard.hpp

using update_ptr = std::shared_ptr<const update>;
using snapshot_ptr = std::shared_ptr<const metrics::snapshot>;
using page_ptr = std::shared_ptr<const metrics::page>;
using census_ptr = std::shared_ptr<const census>;
using outcome_ptr = std::shared_ptr<const net::outcome>;
using group_ptr = std::shared_ptr<const group_settings>;
using exchange_ptr = std::shared_ptr<net::exchange>;
using config_reading_ptr = std::shared_ptr<const config_reading>;
using web_look_ptr = std::shared_ptr<const web_look>;

} // namespace betanet

CAF_BEGIN_TYPE_ID_BLOCK(betanet, first_custom_type_id)

  CAF_ADD_TYPE_ID(betanet, (betanet::admission))
  CAF_ADD_TYPE_ID(betanet, (betanet::attempt_report))
  CAF_ADD_TYPE_ID(betanet, (betanet::census_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::config_reading_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::exchange_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::group_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::endpoint))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::reload_status))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::ticket))
  CAF_ADD_TYPE_ID(betanet, (betanet::metrics::tick_grid))
  CAF_ADD_TYPE_ID(betanet, (betanet::outcome_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::page_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::page_query))
  CAF_ADD_TYPE_ID(betanet, (betanet::poll_report))
  CAF_ADD_TYPE_ID(betanet, (betanet::snapshot_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::tick))
  CAF_ADD_TYPE_ID(betanet, (betanet::update_ptr))
  CAF_ADD_TYPE_ID(betanet, (betanet::web_look_ptr))

  CAF_ADD_ATOM(betanet, betanet::atom, add, "add")
  CAF_ADD_ATOM(betanet, betanet::atom, answer, "answer")
  CAF_ADD_ATOM(betanet, betanet::atom, attempt, "attempt")
  CAF_ADD_ATOM(betanet, betanet::atom, collect, "collect")
  CAF_ADD_ATOM(betanet, betanet::atom, configure, "configure")
  CAF_ADD_ATOM(betanet, betanet::atom, count, "count")
  CAF_ADD_ATOM(betanet, betanet::atom, describe, "describe")
  CAF_ADD_ATOM(betanet, betanet::atom, drop, "drop")
  CAF_ADD_ATOM(betanet, betanet::atom, fetch, "fetch")
  CAF_ADD_ATOM(betanet, betanet::atom, half_open, "half_open")
  CAF_ADD_ATOM(betanet, betanet::atom, look, "look")
  CAF_ADD_ATOM(betanet, betanet::atom, overdue, "overdue")
  CAF_ADD_ATOM(betanet, betanet::atom, poll, "poll")
  CAF_ADD_ATOM(betanet, betanet::atom, put, "put")
  CAF_ADD_ATOM(betanet, betanet::atom, reload, "reload")
  CAF_ADD_ATOM(betanet, betanet::atom, render, "render")
  CAF_ADD_ATOM(betanet, betanet::atom, restore, "restore")
  CAF_ADD_ATOM(betanet, betanet::atom, retry, "retry")
  CAF_ADD_ATOM(betanet, betanet::atom, serve, "serve")
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::config_reading_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::exchange_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::group_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::reload_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::ticket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::metrics::tick_grid)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::outcome_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::page_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::page_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::poll_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::snapshot_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::update_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(betanet::web_look_ptr)

namespace betanet {

// -- interfaces --------------------------------------------------------------

/// The circuit-breaker SUPERVISOR of one target: decides which polls run, owns
/// the breakers and the counters, replaces actors of its group that die.
using supervisor_actor = caf::typed_actor<
    // A tick: polls each endpoint that may be polled.
    caf::reacts_to<atom::collect, tick>,
    // From a fetcher: an attempt failed, a retry follows.
    caf::reacts_to<atom::attempt, attempt_report>,
    // From a fetcher: a poll ended.
    caf::reacts_to<atom::poll, poll_report>,
    // A reload: applies from the next tick on.
    caf::reacts_to<atom::configure, group_ptr>>;

/// The SCHEDULER: sends every target's supervisor its ticks.
using scheduler_actor = caf::typed_actor<
    // Ticks a supervisor on a grid, instead of its former one; at once too if
    // the flag says so.
    caf::reacts_to<atom::watch, supervisor_actor, metrics::tick_grid, bool>,
    // Ticks it no more.
    caf::reacts_to<atom::unwatch, supervisor_actor>>;

/// The FETCHER of one endpoint: runs one chain of attempts at a time.
using fetcher_actor = caf::typed_actor<
    // Polls the endpoint and reports to the supervisor.
    caf::reacts_to<atom::fetch, metrics::ticket>>;

/// The AGGREGATOR of one target: merges what polls read into snapshots.
using aggregator_actor = caf::typed_actor<
    // Publishes a new snapshot.
    caf::reacts_to<atom::update, update_ptr>>;

/// The CACHE: the latest snapshot of every target, and pages made of them.
using cache_actor = caf::typed_actor<
    // Begins to show a target, in place of a former one of that name.
    caf::reacts_to<atom::add, std::string, snapshot_ptr>,
    // Forgets a target.
    caf::reacts_to<atom::drop, std::string>,
    // Shows how the latest reload ended.
    caf::reacts_to<atom::reload, metrics::reload_status>,
    // Replaces the snapshot of a target by a later one of the same life.
    caf::reacts_to<atom::put, std::string, snapshot_ptr>,
    // Gives the latest snapshot of a target to its new aggregator.
    caf::replies_to<atom::restore, std::string>::with<snapshot_ptr>,
    // Renders the metrics of this moment; null if there is no such target.
    caf::replies_to<atom::render, page_query>::with<page_ptr>,
    // Gives the latest snapshots of all targets.
    caf::replies_to<atom::count>::with<census_ptr>>;

/// The OPERATOR: owns the configuration, starts, changes and ends targets.
using operator_actor = caf::typed_actor<
    // Reads the configuration again; says why not, or nothing.
    caf::replies_to<atom::reload>::with<std::string>,
    // Gives the running configuration as YAML, without secrets.
    caf::replies_to<atom::describe>::with<std::string>>;

/// The HTTP FRONT: answers every request the server lets through.
using http_front_actor = caf::typed_actor<
    // Responds to the exchange, sooner or later.
    caf::reacts_to<atom::serve, exchange_ptr, admission>>;

/// The GUARD of the front: who may ask, and how often.
using guard_actor = caf::typed_actor<
    // Passes the exchange on to the front with what its client may have.
    caf::reacts_to<atom::serve, exchange_ptr>>;

} // namespace betanet
