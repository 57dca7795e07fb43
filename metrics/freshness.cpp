#include "metrics/freshness.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

/// Whether the field is shown as 0 because the latest answer was invalid. That
/// is never done for counters: a single 0 would look like a restart of the
/// service and add a false increase to every `rate()`.
bool shows_default(const snapshot& s, const field_row& row) {
  const auto& failure = s.endpoints[index(row.source)].last_failure;
  return failure &&
         (failure->why == reason::json || failure->why == reason::schema) &&
         row.kind == field_kind::gauge;
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
  const auto& row = row_of(f);
  const auto fallback = s.rules.fallback;
  if (state.bad && (fallback != parse_fallback::last_known || !state.value)) {
    if (fallback != parse_fallback::omit && shows_default(s, row))
      return 0;
    return std::nullopt;
  }
  const bool gone = s.rules.max_stale &&
                    now - state.read_at > *s.rules.max_stale &&
                    stale(s, row.source, now);
  return gone ? std::nullopt : state.value;
}

bool up(const snapshot& s, endpoint e) {
  return s.endpoints[index(e)].last_result == quality::good;
}

bool up(const snapshot& s) {
  return std::all_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](endpoint e) { return up(s, e); });
}

lookup look_up(const snapshot& s, time_point now) {
  const bool shown =
      std::any_of(field_table.begin(), field_table.end(),
                  [&](const auto& row) { return visible(s, row.id, now); });
  if (!shown)
    return lookup::miss;
  const bool fresh =
      std::all_of(all_endpoints.begin(), all_endpoints.end(), [&](endpoint e) {
        const auto a = age(s, e, now);
        return a && *a < s.rules.ttl;
      });
  return fresh ? lookup::fresh : lookup::expired;
}

time_point next_change(const snapshot& s, time_point now) {
  auto next = time_point::max();
  const auto consider = [&](time_point t) {
    if (t >= now) // stale and visible compare with >, so they change after t
      next = std::min(next, t + duration{1});
  };
  for (const auto e : all_endpoints)
    consider(stale_at(s, e));
  if (s.rules.max_stale)
    for (const auto& f : s.fields)
      if (f.value)
        consider(f.read_at + *s.rules.max_stale);
  return next;
}

bool overdue(const snapshot& s, time_point now) {
  return now > s.next_tick + std::max<duration>(2 * s.rules.interval,
                                                std::chrono::seconds{10});
}

} // namespace betanet::metrics
