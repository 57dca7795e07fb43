#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>

namespace betanet {

using supervisor_impl = supervisor_actor::extend<
    // Its own alarm: the breaker's open time of this generation is over.
    caf::reacts_to<atom::half_open, metrics::endpoint, std::uint64_t>>;

/// What a supervisor needs to know and to make the actors of its group.
struct group_settings {
  std::string target; ///< Empty for the unnamed one.
  metrics::duration open_duration{};
  int failure_threshold = 5;
  std::function<metrics::wall_time()> wall_clock;
  display_rules rules;

  /// Spawn on behalf of the supervisor, which monitors what they return.
  std::function<fetcher_actor(supervisor_impl::pointer, metrics::endpoint)>
      make_fetcher;
  std::function<aggregator_actor(supervisor_impl::pointer)> make_aggregator;
};

struct supervisor_state {
  /// One endpoint of the target.
  struct watched {
    explicit watched(int failure_threshold) : breaker(failure_threshold) {}

    fetcher_actor fetcher;
    metrics::circuit breaker;
    metrics::endpoint_status status;
    bool outdated = false;        ///< The fetcher was made by former settings.
    std::uint64_t collection = 0; ///< Tick of the running poll; 0: a probe.
    std::optional<metrics::time_point> outage; ///< When it began.
    bool half_opened = false;                  ///< Once in this outage.
    bool retried = false; ///< The latest good poll needed a retry: old news.
    int reported = 0;     ///< Attempts of the running poll that ended.
    metrics::time_point paused_until{};              ///< Between two of them.
    std::optional<metrics::time_point> open_warning; ///< The latest one.
  };

  /// A tick whose polls are not all finished.
  struct collection {
    int running = 0;
    bool read = false; ///< A poll of it was good or partial.
  };

  explicit supervisor_state(supervisor_impl::pointer p) : self(p) {}
  supervisor_impl::behavior_type make_behavior();

  watched& at(metrics::endpoint e) { return endpoints[metrics::index(e)]; }

  void on_tick(const tick& t);
  void on_attempt(const attempt_report& r);
  void on_poll(const poll_report& r);
  void finish_poll(const poll_report& r);
  void on_half_open(metrics::endpoint e, std::uint64_t generation);
  void on_down(const caf::down_msg& down);
  void stop(caf::error reason);

  void adopt(const group_settings& changed);
  void renew(metrics::endpoint e);
  void refuse_tick(metrics::endpoint e);
  void replace_fetcher(metrics::endpoint e, const caf::error& cause);
  bool may_restart(const char* actor, const caf::error& cause);
  void count(watched& w, int attempt, const metrics::failure* f,
             std::optional<metrics::duration> took);
  void judge_outage(metrics::endpoint e, const metrics::poll& p,
                    bool was_probe);
  void log_failure(metrics::endpoint e, const metrics::poll& p);
  void enter(metrics::endpoint e, metrics::circuit::state s, bool was_probe);
  bool finish_collection(std::uint64_t tick, const metrics::poll& p);
  void publish(update u = {});

  supervisor_impl::pointer self;
  group_settings settings;
  group_ptr changed; ///< Settings that wait for the next tick.
  event_log log;
  std::vector<watched> endpoints; ///< By `metrics::index`.
  aggregator_actor aggregator;
  std::uint64_t first_tick = 0;                    ///< 0: none yet.
  std::map<std::uint64_t, collection> collections; ///< By tick number.
  metrics::restart_counters restarts;
  std::deque<metrics::time_point> recent_restarts;
  metrics::time_point next_tick{};
  bool not_found_told = false; ///< All endpoints answered 404, as was told.
  bool collected = false;
  static inline const char* name = "supervisor";
};

supervisor_impl::behavior_type
supervisor(supervisor_impl::stateful_pointer<supervisor_state> self,
           group_settings settings, event_log l);

} // namespace betanet
