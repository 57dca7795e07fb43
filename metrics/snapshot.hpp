#pragma once

#include "metrics/circuit.hpp"
#include "metrics/types.hpp"

#include <memory>
#include <vector>

namespace betanet::metrics {

/// What is served for a field that the latest answer did not give.
enum class parse_fallback : std::uint8_t { last_known, default_value, omit };

/// The times that decide what may still be shown of one target.
struct freshness_rules {
  duration interval{};
  duration timeout{};
  duration ttl{};
  std::optional<duration> max_stale; ///< Empty: for ever.
  parse_fallback fallback = parse_fallback::last_known;
};

/// A finished poll, for people.
struct poll_mark {
  quality result{};
  std::uint8_t attempts = 0; ///< 255: or more.
};

/// What the supervisor knows of one endpoint.
struct endpoint_status {
  circuit::state breaker = circuit::state::closed;
  wall_time breaker_since{};
  std::array<poll_mark, 20> recent{}; ///< Oldest first, behind empty ones.
  int consecutive_failures = 0;
  std::optional<quality> last_result;  ///< Of the latest finished poll.
  std::optional<failure> last_failure; ///< Of the latest finished poll.
  bool refused = false; ///< A tick was refused since the latest good poll.
  std::optional<time_point> last_good;
  wall_time last_good_wall{};
  endpoint_counters counters;
};

/// One field as last read.
struct field_state {
  std::optional<double> value;
  time_point read_at{};
  bool bad = false; ///< The latest answer that was read did not give it.
};

/// The latency histogram, seconds. `counts` has one entry more than `bounds`.
struct latency_state {
  std::shared_ptr<const std::vector<double>> bounds;
  std::vector<std::uint64_t> counts;
  double sum = 0;

  explicit latency_state(std::shared_ptr<const std::vector<double>> b)
      : bounds(std::move(b)), counts(bounds->size() + 1) {}

  void observe(double seconds);
};

/// Actors of a target's group that were replaced.
struct restart_counters {
  std::uint64_t fetcher = 0;
  std::uint64_t aggregator = 0;
};

/// Everything a page or a health answer says of one target, of one moment.
struct snapshot {
  snapshot(const freshness_rules& r,
           std::shared_ptr<const std::vector<double>> latency_bounds,
           time_point now)
      : rules(r),
        latency(std::move(latency_bounds)),
        started(now),
        next_tick(now + r.interval) {}

  freshness_rules rules;
  std::array<endpoint_status, endpoint_count> endpoints;
  std::array<field_state, field_count> fields;
  latency_state latency;
  restart_counters restarts;
  time_point started;
  time_point next_tick;   ///< When the collection loop should stir again.
  bool collected = false; ///< The first collection has finished.

  /// Takes the fields of a finished poll of `e`.
  void apply(endpoint e, const poll& p, time_point now);
};

/// Since the last good poll; empty before the first.
std::optional<duration> age(const snapshot& s, endpoint e, time_point now);

/// The latest poll was not good, a tick was refused since, or the age exceeds
/// two intervals and a timeout (before the first good poll it runs from start).
bool stale(const snapshot& s, endpoint e, time_point now);

/// The value a page shows for `f`, if any.
std::optional<double> visible(const snapshot& s, field f, time_point now);

/// The latest finished poll was good.
bool up(const snapshot& s, endpoint e);
bool up(const snapshot& s); ///< All three endpoints are.

/// How a scrape met one target's cached values.
enum class hit : std::uint8_t { fresh, stale, miss };
hit classify(const snapshot& s, time_point now);

/// The next instant at which `stale` or `visible` change by time alone.
time_point next_change(const snapshot& s, time_point now);

/// The collection loop has not stirred for too long.
bool overdue(const snapshot& s, time_point now);

} // namespace betanet::metrics
