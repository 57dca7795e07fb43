#pragma once

#include "actors/messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <string>

/// The architecture on one page: the typed interface of each actor.
///
///   scheduler -> supervisor -> fetcher (x3) -> the network
///                supervisor <- fetcher
///                supervisor -> aggregator -> cache <------------- http_front
///                                            cache -> renderer -> http_front
///                                            cache <- presenter <- http_front
///   a client -> (guard ->) http_front
///   discovery -> reloader -> discovery
///
/// There is one group {supervisor, three fetchers, aggregator} per target, and
/// one scheduler, cache, renderer, presenter, journal, http_front, discovery
/// and reloader per process. There is a guard if a web configuration file is
/// given. The reloader starts, changes and ends the groups. Messages that an
/// actor sends only to itself are declared in its own header.
namespace betanet {

/// The circuit-breaker SUPERVISOR of one target: it decides which polls run,
/// owns the breakers and the counters, and replaces actors of its group that
/// die.
using supervisor_actor = caf::typed_actor<
    // From the scheduler: start a poll of each endpoint whose breaker is closed
    // and which has no poll running.
    caf::reacts_to<atom::collect, tick>,
    // From a fetcher: an attempt failed, and it will be retried.
    caf::reacts_to<atom::attempt, attempt_report>,
    // From a fetcher: a further attempt of this poll starts.
    caf::reacts_to<atom::retry, endpoint, metrics::ticket>,
    // From a fetcher: a poll ended.
    caf::reacts_to<atom::poll, poll_report>,
    // From the reloader: new settings, which take effect at the next tick.
    caf::reacts_to<atom::configure, group_ptr>>;

/// The SCHEDULER: sends ticks to the supervisors of all targets.
using scheduler_actor = caf::typed_actor<
    // Send ticks to this supervisor at the instants of this grid, which
    // replaces its former grid. If the flag is true, also send one at once.
    caf::reacts_to<atom::watch, supervisor_actor, metrics::tick_grid, bool>,
    // Stop sending ticks to this supervisor.
    caf::reacts_to<atom::unwatch, supervisor_actor>>;

/// The FETCHER of one endpoint: runs one poll at a time, with its retries.
using fetcher_actor = caf::typed_actor<
    // Poll the endpoint of these replicas and report the result to the
    // supervisor.
    caf::reacts_to<atom::fetch, metrics::ticket, poll_order>,
    // A tick has met the running poll. End an attempt of which the transport
    // should have reported the outcome long ago.
    caf::reacts_to<atom::check>>;

/// The AGGREGATOR of one target: merges the results of polls into snapshots.
using aggregator_actor = caf::typed_actor<
    // Update the snapshot and send it to the cache.
    caf::reacts_to<atom::update, update_ptr>>;

/// The JOURNAL: writes the log lines about the outages of all targets, with few
/// lines when many targets fail.
using journal_actor = caf::typed_actor<
    // From a supervisor: an attempt failed, and it will be retried.
    caf::reacts_to<atom::attempt, metrics::subject_ptr, attempt_report>,
    // From a supervisor: a poll ended. Good polls matter only if the journal
    // was told of a failure before.
    caf::reacts_to<atom::poll, metrics::subject_ptr, ended_poll_ptr>,
    // From a group: something else happened to an endpoint.
    caf::reacts_to<atom::note, metrics::subject_ptr, incident>,
    // From a supervisor, as its last message: the target with this number is no
    // longer polled.
    caf::reacts_to<atom::drop, std::uint64_t>>;

/// The part of the cache's interface that the front uses.
using page_source_actor = caf::typed_actor<
    // Render a page of metrics; null if the target asked for does not exist.
    caf::replies_to<atom::render, page_query>::with<page_ptr>,
    // Return the latest snapshots of all targets.
    caf::replies_to<atom::list>::with<census_ptr>>;

/// The PRESENTER: makes the pages for people and for tools that are no scrapes.
using presenter_actor = caf::typed_actor<
    // Answer a request from the latest snapshots of all targets.
    caf::replies_to<atom::show, census_query>::with<reply_ptr>>;

/// The part of the cache's interface that an aggregator uses.
using snapshot_store_actor = caf::typed_actor<
    // Replace the snapshot of a target by a newer one. Ignored if the target
    // was removed, or was removed and added again, in the meantime.
    caf::reacts_to<atom::put, std::string, snapshot_ptr>,
    // Return the latest snapshot of a target, with which a new aggregator
    // starts; null if the target was removed.
    caf::replies_to<atom::restore, std::string>::with<snapshot_ptr>>;

/// The part of the cache's interface that the reloader uses.
using target_registry_actor = caf::typed_actor<
    // Add a target. It replaces a target with the same name, whose counters go
    // on.
    caf::reacts_to<atom::add, std::string, snapshot_ptr>,
    // Remove a target.
    caf::reacts_to<atom::drop, std::string>,
    // Set how the latest reload ended, which pages show from then on.
    caf::reacts_to<atom::reload, metrics::reload_status>>;

/// The part of the cache's interface that the discovery uses.
using source_registry_actor = caf::typed_actor<
    // Set the counts of all sources of targets, which pages show from then on.
    caf::reacts_to<atom::refresh, source_counts_ptr>>;

/// The CACHE: holds the latest snapshot of every target and has pages rendered.
using cache_actor =
    page_source_actor::extend_with<snapshot_store_actor>::extend_with<
        target_registry_actor>::extend_with<source_registry_actor>;

/// The RENDERER: renders pages from the snapshots of the cache, which passes on
/// what the reloader and the discovery tell it.
using renderer_actor = caf::typed_actor<
    // Show these snapshots from now on, all of targets that were added.
    caf::reacts_to<atom::put, snapshots_ptr>,
    // Render a page of metrics; null if the target asked for does not exist.
    caf::replies_to<atom::render, page_query>::with<page_ptr>>::
    extend_with<target_registry_actor>::extend_with<source_registry_actor>;

/// The part of the reloader's interface that the discovery uses.
using target_sink_actor = caf::typed_actor<
    // These are now the discovered targets, all of them.
    caf::reacts_to<atom::discover, discovered_ptr>>;

/// The DISCOVERY: reads lists of targets from files and servers, again and
/// again.
using discovery_actor = caf::typed_actor<
    // From the reloader: read these sources from now on, at once for the first
    // time, and send it all lists when one has changed.
    caf::reacts_to<atom::configure, sources_ptr, target_sink_actor>>;

/// The RELOADER: owns the configuration and starts, changes and ends the groups
/// of the targets.
using reloader_actor = target_sink_actor::extend<
    // Reload the configuration. The reply names what has changed, or the
    // problems.
    caf::replies_to<atom::reload>::with<reload_result>,
    // Return the configuration in use as YAML, without secrets.
    caf::replies_to<atom::describe>::with<std::string>>;

/// The HTTP FRONT: answers the requests to the exporter's web server.
using http_front_actor = caf::typed_actor<
    // Answer this request, at once or when another actor has replied.
    caf::reacts_to<atom::serve, exchange_ptr, permission>>;

/// The GUARD of the front: checks logins and limits the rate of requests.
using guard_actor = caf::typed_actor<
    // Check this request and pass it to the front with its permission.
    caf::reacts_to<atom::serve, exchange_ptr>>;

} // namespace betanet
