#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
#include "metrics/collections.hpp"
#include "metrics/replicas.hpp"
#include "metrics/timeouts.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>

namespace betanet {

using supervisor_impl = supervisor_actor::extend<
    // Scheduled message to itself: the breaker of this endpoint has been open
    // for `open_duration` and becomes half-open if its generation is this one.
    caf::reacts_to<atom::half_open, endpoint, std::uint64_t>>;

/// The settings of a supervisor and the functions that start its group.
struct group_settings {
  std::string target; ///< The target's name; empty for the unnamed target.
  /// The log lines of each collection are written at debug level.
  bool quiet = false;
  metrics::duration timeout{}; ///< The largest time limit of one request.
  bool adaptive_timeout = false;
  metrics::duration open_duration{};
  int failure_threshold = 5;
  std::size_t replicas = 1; ///< Never changes.
  metrics::balance balance = metrics::balance::failover;
  std::function<metrics::wall_time()> wall_clock;
  display_rules rules;

  // These functions spawn an actor; the supervisor then monitors it.
  std::function<fetcher_actor(supervisor_impl::pointer, endpoint)> make_fetcher;
  std::function<aggregator_actor(supervisor_impl::pointer)> make_aggregator;
};

struct supervisor_state {
  /// The state of one endpoint of the target.
  struct watched_endpoint {
    explicit watched_endpoint(const group_settings& g)
        : breaker(g.failure_threshold),
          timeouts(g.replicas, g.timeout, g.adaptive_timeout) {}

    fetcher_actor fetcher;
    metrics::circuit breaker;
    metrics::endpoint_status status;
    metrics::timeouts timeouts;
    /// How the journal names the endpoint of each replica.
    std::vector<metrics::subject_ptr> subjects;
    /// The journal knows of a failure and waits for a good poll.
    bool failure_told = false;
    bool outdated = false; ///< `fetcher` was spawned with former settings.
    /// The number of the tick that started the running poll; 0 for a probe.
    std::uint64_t collection = 0;
    /// Attempts of the running poll so far. An attempt is running if one more
    /// has started than has ended.
    int started_attempts = 0, ended_attempts = 0;
    /// The replicas that the running or the latest poll asks, see `poll_order`.
    std::vector<std::uint32_t> order{0};

    /// The replica that the latest attempt has asked.
    std::uint32_t asked() const;
    const metrics::subject_ptr& about() const { return subjects[asked()]; }
  };

  explicit supervisor_state(supervisor_impl::pointer p) : self(p) {}
  supervisor_impl::behavior_type make_behavior();

  watched_endpoint& at(endpoint e) { return endpoints[index(e)]; }

  void on_tick(const tick& t);
  void on_attempt(const attempt_report& r);
  void on_retry(endpoint e, const metrics::ticket& t);
  void on_poll(const poll_report& r);
  void finish_poll(const poll_report& r);
  void on_half_open(endpoint e, std::uint64_t generation);
  void on_down(const caf::down_msg& down);
  void stop(caf::error reason);

  void start_group();
  void apply_settings(const group_settings& g);
  void replace_outdated_fetcher(endpoint e);
  void refuse_tick(endpoint e);
  void replace_fetcher(endpoint e, const caf::error& cause);
  bool may_restart(const char* actor, const caf::error& cause);
  void start_poll(watched_endpoint& w, std::uint64_t collection);
  void show_timeouts();
  void count_start(watched_endpoint& w);
  void count_end(endpoint e, const metrics::failure* f,
                 std::optional<metrics::duration> took);
  bool learn(endpoint e, const metrics::failure* f,
             std::optional<metrics::duration> took, metrics::duration limit);
  void log_answer(endpoint e, const metrics::failure* f,
                  metrics::duration took) const;
  void note_certificate(certificate_expiry seen);
  void tell_journal(endpoint e, const poll_report& r,
                    std::optional<metrics::breaker_state> entered);
  void enter(endpoint e, metrics::breaker_state s);
  void name_endpoints();
  event_log::level collection_level() const;
  void publish(update u = {});

  supervisor_impl::pointer self;
  group_settings settings;
  group_ptr changed; ///< New settings, applied at the next tick; may be null.
  journal_actor journal;
  event_log log;
  std::vector<watched_endpoint> endpoints; ///< By `index(endpoint)`.
  aggregator_actor aggregator; ///< Null until the first tick, as fetchers.
  metrics::replica_set replicas{1, {}, {}};
  std::uint64_t latest_tick = 0; ///< Its number.
  metrics::collections collections;
  metrics::restart_counters restarts;
  /// Of the latest handshake with the target, by whichever endpoint.
  certificate_expiry expiry;
  std::deque<metrics::time_point> recent_restarts; ///< Oldest first.
  metrics::time_point next_tick{}; ///< Known from the first tick on.
  static inline const char* name = "supervisor";
};

supervisor_impl::behavior_type
supervisor(supervisor_impl::stateful_pointer<supervisor_state> self,
           group_settings settings, journal_actor j, event_log l);

} // namespace betanet
