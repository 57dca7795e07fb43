#pragma once

#include "metrics/counters.hpp"
#include "metrics/course.hpp"
#include "metrics/monotone_guard.hpp"
#include "metrics/replicas.hpp"
#include "metrics/types.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace betanet::metrics {

/// What is shown for a field that the latest answer did not contain or that had
/// an invalid value there.
enum class parse_fallback : std::uint8_t { last_known, default_value, omit };

/// The settings of a target that decide how long its values are shown.
struct freshness_rules {
  duration interval{};
  duration timeout{};
  duration ttl{};
  std::optional<duration> max_stale; ///< Empty: values are shown for ever.
  parse_fallback fallback = parse_fallback::last_known;
};

/// Labels that discovery has given a target: names and values.
using target_labels = std::map<std::string, std::string>;

/// A finished poll, as the status page shows it.
struct poll_mark {
  quality result{};
  std::uint8_t attempts = 0; ///< 0: no poll yet; 255: 255 or more attempts.
};

/// The state of one endpoint, which the supervisor of the target maintains. A
/// wall time of 0 means that the event has not happened.
struct endpoint_status {
  breaker_state breaker = breaker_state::closed;
  wall_time breaker_since{};
  std::array<poll_mark, kept_polls> recent{}; ///< Oldest first.
  int consecutive_failures = 0;
  std::optional<quality> last_result; ///< Of the latest finished poll.
  /// Of the latest poll that was not good. It stays after a recovery.
  std::optional<failure> last_failure;
  wall_time last_failure_at{};
  /// When the first poll since the last good one failed; 0 while polls succeed.
  wall_time failing_since{};
  /// The replica that answered last, by its place in the list.
  std::optional<std::uint32_t> answered_by;
  /// The time limit of the next request, if it is learned from the answers.
  std::optional<duration> request_timeout;
  bool refused = false; ///< A tick was refused since the last good poll.
  std::optional<time_point> last_good;
  wall_time last_good_wall{};
  endpoint_counters counters;

  /// Records the end of a poll. The counters and the breaker are the caller's.
  void record(const poll& p, time_point now, wall_time wall_now);
};

/// The latest value of one field.
struct field_state {
  std::optional<double> value;
  time_point read_at{};
  bool bad = false; ///< The latest answer had no valid value for the field.
};

/// The latency histogram; `bounds` and `sum` are in seconds. `counts` has one
/// entry more than `bounds`, for the bucket without an upper bound.
struct latency_state {
  std::shared_ptr<const std::vector<double>> bounds;
  std::vector<std::uint64_t> counts;
  double sum = 0;

  explicit latency_state(std::shared_ptr<const std::vector<double>> b)
      : bounds(std::move(b)), counts(bounds->size() + 1) {}

  void observe(double seconds);
};

/// The URLs of a target's endpoints, without credentials.
using endpoint_urls = std::array<std::string, endpoint_count>;

/// One replica of a target, without credentials.
struct replica_address {
  std::string url;
  endpoint_urls endpoints;
};

/// The values and the state of one target at one moment, from which all pages
/// are made.
struct snapshot {
  snapshot(const freshness_rules& r,
           std::shared_ptr<const std::vector<double>> latency_bounds,
           time_point now)
      : rules(r),
        latency(std::move(latency_bounds)),
        started(now),
        next_tick(now + r.interval) {}

  std::string url; ///< Without credentials; of the first replica, if any.
  freshness_rules rules;
  std::shared_ptr<const endpoint_urls> urls;   ///< Null if they are not known.
  std::shared_ptr<const target_labels> labels; ///< Null: there are none.
  /// The replicas, in the order of the configuration; null: there are none.
  std::shared_ptr<const std::vector<replica_address>> addresses;
  std::vector<replica_status> replicas; ///< In the order of `addresses`.
  std::array<endpoint_status, endpoint_count> endpoints;
  std::array<field_state, field_count> fields;
  std::array<course, trend_count> courses;
  latency_state latency;
  /// Of the counters, by `index(field)`; empty: there are no replicas.
  std::vector<monotone_guard> guards;
  std::uint64_t counter_holds = 0; ///< Values that the guards held back.
  restart_counters restarts;
  /// When the first certificate in the chain of the server's latest TLS
  /// handshake expires; empty: none was seen.
  std::optional<std::chrono::sys_seconds> certificate_expiry;
  time_point started;
  time_point next_tick;   ///< When the next tick of the target is due.
  bool collected = false; ///< The first collection has finished.

  /// Updates the fields and the courses with those of a finished poll of the
  /// endpoint `e`.
  void apply(endpoint e, const poll& p, time_point now);

  /// The URL of the endpoint at the replica that answered last. Empty if it is
  /// not known.
  std::string_view url_of(endpoint e) const;

private:
  void hold_counters(reading& values, std::uint32_t replica);
  void apply_values(endpoint e, const poll& p, time_point now);
};

/// The snapshot with which a target begins that replaces one of the same name,
/// whose latest snapshot is `former`: `s` with the latency histogram of the
/// former target unless the buckets differ.
std::shared_ptr<const snapshot> successor_of(const snapshot& former,
                                             std::shared_ptr<const snapshot> s);

/// Targets with their snapshots; "" is the name of an unnamed target.
using named_snapshots =
    std::vector<std::pair<std::string, std::shared_ptr<const snapshot>>>;

/// The snapshots of all targets at one moment.
struct census {
  named_snapshots targets; ///< Sorted by name.
  bool ready = false;      ///< Every target has finished its first collection.
};

} // namespace betanet::metrics
