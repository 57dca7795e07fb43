#pragma once

#include "actors/messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <string>

/// The architecture on one page: who may say what to whom.
///
///   scheduler -> supervisor -> fetcher (x3) -> the network
///                supervisor <- fetcher
///                supervisor -> aggregator -> cache <- http_front <- a client
///                                                     http_front <- guard <-'
///
/// There is one group {supervisor, three fetchers, aggregator} per target, and
/// one scheduler, cache, http_front and reloader per process; a guard where
/// logins or limits are configured. The reloader starts, changes and ends the
/// groups. Messages that an actor sends only to itself are in its own header.
namespace betanet {

/// The circuit-breaker SUPERVISOR of one target: decides which polls run, owns
/// the breakers and the counters, replaces actors of its group that die.
using supervisor_actor = caf::typed_actor<
    // From the scheduler: polls each endpoint that may be polled.
    caf::reacts_to<atom::collect, tick>,
    // From a fetcher: an attempt failed, a retry follows.
    caf::reacts_to<atom::attempt, attempt_report>,
    // From a fetcher: a poll ended.
    caf::reacts_to<atom::poll, poll_report>,
    // From the reloader: new settings, from the next tick on.
    caf::reacts_to<atom::configure, group_ptr>>;

/// The SCHEDULER: sends every target's supervisor its ticks.
using scheduler_actor = caf::typed_actor<
    // Ticks a supervisor on a grid, in place of its former one; also at once
    // if the flag is true.
    caf::reacts_to<atom::watch, supervisor_actor, metrics::tick_grid, bool>,
    // Sends a supervisor no more ticks.
    caf::reacts_to<atom::unwatch, supervisor_actor>>;

/// The FETCHER of one endpoint: runs one chain of attempts at a time.
using fetcher_actor = caf::typed_actor<
    // Polls the endpoint and reports to the supervisor.
    caf::reacts_to<atom::fetch, metrics::ticket>>;

/// The AGGREGATOR of one target: merges what polls read into snapshots.
using aggregator_actor = caf::typed_actor<
    // Publishes a new snapshot.
    caf::reacts_to<atom::update, update_ptr>>;

/// The cache as the front sees it: pages of the latest snapshots.
using page_source_actor = caf::typed_actor<
    // Renders the metrics of this moment; null if there is no such target.
    caf::replies_to<atom::render, page_query>::with<page_ptr>,
    // Gives the latest snapshots of all targets.
    caf::replies_to<atom::list>::with<census_ptr>>;

/// The cache as an aggregator sees it: the snapshot of its target.
using snapshot_store_actor = caf::typed_actor<
    // Replaces the snapshot of a target by a later one of the same life.
    caf::reacts_to<atom::put, std::string, snapshot_ptr>,
    // Gives the latest snapshot of a target to its new aggregator; null if the
    // target was dropped.
    caf::replies_to<atom::restore, std::string>::with<snapshot_ptr>>;

/// The cache as the reloader sees it: which targets there are.
using target_registry_actor = caf::typed_actor<
    // Begins to show a target, in place of a former one of that name.
    caf::reacts_to<atom::add, std::string, snapshot_ptr>,
    // Forgets a target.
    caf::reacts_to<atom::drop, std::string>,
    // Shows how the latest reload ended.
    caf::reacts_to<atom::reload, metrics::reload_status>>;

/// The CACHE: the latest snapshot of every target, and pages made of them.
using cache_actor = page_source_actor::extend_with<
    snapshot_store_actor>::extend_with<target_registry_actor>;

/// The RELOADER: owns the configuration, starts, changes and ends targets.
using reloader_actor = caf::typed_actor<
    // Reads the configuration again; answers with its problems, or "".
    caf::replies_to<atom::reload>::with<std::string>,
    // Gives the running configuration as YAML, without secrets.
    caf::replies_to<atom::describe>::with<std::string>>;

/// The HTTP FRONT: answers every request the server lets through.
using http_front_actor = caf::typed_actor<
    // Responds to the exchange, now or when another actor has answered.
    caf::reacts_to<atom::serve, exchange_ptr, permission>>;

/// The GUARD of the front: who may ask, and how often.
using guard_actor = caf::typed_actor<
    // Passes the exchange on to the front with what its client may have.
    caf::reacts_to<atom::serve, exchange_ptr>>;

} // namespace betanet
