#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
#include "metrics/outage.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>

namespace betanet {

using supervisor_impl = supervisor_actor::extend<
    // Its own alarm: the breaker's open time of this generation is over.
    caf::reacts_to<atom::half_open, endpoint, std::uint64_t>>;

/// What a supervisor needs to know and to make the actors of its group.
struct group_settings {
  std::string target; ///< Empty for the unnamed one.
  metrics::duration open_duration{};
  int failure_threshold = 5;
  std::function<metrics::wall_time()> wall_clock;
  display_rules rules;

  /// These spawn an actor on behalf of the supervisor, which monitors it.
  std::function<fetcher_actor(supervisor_impl::pointer, endpoint)> make_fetcher;
  std::function<aggregator_actor(supervisor_impl::pointer)> make_aggregator;
};

struct supervisor_state {
  /// One endpoint of the target.
  struct watched_endpoint {
    explicit watched_endpoint(int failure_threshold)
        : breaker(failure_threshold) {}

    fetcher_actor fetcher;
    metrics::circuit breaker;
    metrics::endpoint_status status;
    metrics::outage outage;
    bool outdated = false; ///< The settings have changed since its spawn.
    std::uint64_t collection = 0; ///< Tick of the running poll; 0: a probe.
    int ended_attempts = 0;       ///< Of the running poll.
    /// End of the pause before its next attempt; without a pause, the past.
    metrics::time_point paused_until{};
  };

  /// A tick whose polls are not all finished.
  struct collection {
    int running = 0;
    bool read = false; ///< A poll of it was good or partial.
  };

  explicit supervisor_state(supervisor_impl::pointer p) : self(p) {}
  supervisor_impl::behavior_type make_behavior();

  watched_endpoint& at(endpoint e) { return endpoints[index(e)]; }

  void on_tick(const tick& t);
  void on_attempt(const attempt_report& r);
  void on_poll(const poll_report& r);
  void finish_poll(const poll_report& r);
  void on_half_open(endpoint e, std::uint64_t generation);
  void on_down(const caf::down_msg& down);
  void stop(caf::error reason);

  void apply_settings(const group_settings& g);
  void replace_outdated_fetcher(endpoint e);
  void refuse_tick(endpoint e);
  void replace_fetcher(endpoint e, const caf::error& cause);
  bool may_restart(const char* actor, const caf::error& cause);
  void count_attempt(watched_endpoint& w, int attempt,
                     const metrics::failure* f,
                     std::optional<metrics::duration> took);
  void note_good_poll(endpoint e, const poll_report& r);
  void note_failed_poll(endpoint e, const metrics::poll& p);
  bool all_answer_404() const;
  void enter(endpoint e, metrics::breaker_state s, bool was_probe);
  bool finish_collection(std::uint64_t tick, const metrics::poll& p);
  void publish(update u = {});

  supervisor_impl::pointer self;
  group_settings settings;
  group_ptr changed; ///< Settings that hold from the next tick on.
  event_log log;
  std::vector<watched_endpoint> endpoints; ///< By `index(endpoint)`.
  aggregator_actor aggregator;
  std::uint64_t first_tick = 0;                    ///< 0: none yet.
  std::map<std::uint64_t, collection> collections; ///< By tick number.
  metrics::restart_counters restarts;
  std::deque<metrics::time_point> recent_restarts;
  metrics::time_point next_tick{};
  bool not_found_told = false; ///< That all endpoints answer 404.
  bool collected = false;
  static inline const char* name = "supervisor";
};

supervisor_impl::behavior_type
supervisor(supervisor_impl::stateful_pointer<supervisor_state> self,
           group_settings settings, event_log l);

} // namespace betanet
