#include "metrics/freshness.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

/// Whether the latest poll was answered without a valid value for the field. A
/// transport failure is no answer, although the field stays bad until it is
/// read again.
bool answer_lacks(const snapshot& s, field f) {
  const auto& failure = s.endpoints[index(row_of(f).source)].last_failure;
  return s.fields[index(f)].bad && failure &&
         (failure->why == reason::json || failure->why == reason::schema);
}

/// The time after which the endpoint is stale if no further good poll ends.
time_point stale_at(const snapshot& s, endpoint e) {
  const auto since = s.endpoints[index(e)].last_good.value_or(s.started);
  return since + 2 * s.rules.interval + s.rules.timeout;
}

} // namespace

std::optional<duration> age(const snapshot& s, endpoint e, time_point now) {
  const auto& last = s.endpoints[index(e)].last_good;
  return last ? std::optional{now - *last} : std::nullopt;
}

bool stale(const snapshot& s, endpoint e, time_point now) {
  const auto& status = s.endpoints[index(e)];
  return (status.last_result && *status.last_result != quality::good) ||
         status.refused || now > stale_at(s, e);
}

std::optional<double> visible(const snapshot& s, field f, time_point now) {
  const auto& state = s.fields[index(f)];
  if (state.bad && s.rules.fallback != parse_fallback::last_known)
    return std::nullopt;
  const bool gone = s.rules.max_stale &&
                    now - state.read_at > *s.rules.max_stale &&
                    stale(s, row_of(f).source, now);
  return gone ? std::nullopt : state.value;
}

std::optional<double> visible(const snapshot& s, const family_row& row,
                              time_point now) {
  // Not for counters: a single 0 would look like a restart of the service and
  // add a false increase to every `rate()`.
  if (row.type == family_type::gauge &&
      s.rules.fallback == parse_fallback::default_value &&
      answer_lacks(s, row.shown))
    return 0;
  return visible(s, row.shown, now);
}

bool up(const snapshot& s, endpoint e) {
  return s.endpoints[index(e)].last_result == quality::good;
}

bool up(const snapshot& s) {
  return std::all_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](endpoint e) { return up(s, e); });
}

bool failing(const snapshot& s) {
  return std::any_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](endpoint e) {
                       const auto& last = s.endpoints[index(e)].last_result;
                       return last && *last != quality::good;
                     });
}

lookup look_up(const snapshot& s, time_point now) {
  const bool shown =
      std::any_of(family_table.begin(), family_table.end(),
                  [&](const auto& row) { return visible(s, row, now); });
  if (!shown)
    return lookup::miss;
  const bool fresh =
      std::all_of(all_endpoints.begin(), all_endpoints.end(), [&](endpoint e) {
        const auto a = age(s, e, now);
        return a && *a < s.rules.ttl;
      });
  return fresh ? lookup::fresh : lookup::expired;
}

bool overdue(const snapshot& s, time_point now) {
  return now > s.next_tick + std::max<duration>(2 * s.rules.interval,
                                                std::chrono::seconds{10});
}

} // namespace betanet::metrics
