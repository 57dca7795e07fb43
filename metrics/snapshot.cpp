#include "metrics/snapshot.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

/// How much a total has grown since it was last read. Empty if that is unknown:
/// it was not read twice, or it fell because the service has restarted.
std::optional<double> increase(const snapshot& before, field f, const poll& p) {
  const auto& former = before.fields[index(f)].value;
  const auto& value = p.values[index(f)];
  if (!former || !value || *value < *former)
    return std::nullopt;
  return *value - *former;
}

std::optional<double> throughput(const snapshot& before, const poll& p,
                                 time_point now) {
  constexpr auto bytes = field::bytes_transmitted;
  const auto grown = increase(before, bytes, p);
  const std::chrono::duration<double> elapsed =
      now - before.fields[index(bytes)].read_at;
  if (!grown || elapsed <= elapsed.zero())
    return std::nullopt;
  return *grown / elapsed.count();
}

/// The loss is unknown if the two totals were not last read by one poll, and if
/// no packet was processed.
std::optional<double> loss(const snapshot& before, const poll& p) {
  const auto& processed = before.fields[index(field::packets_processed)];
  const auto& dropped = before.fields[index(field::packets_dropped)];
  const auto all = increase(before, field::packets_processed, p);
  const auto lost = increase(before, field::packets_dropped, p);
  if (!all || !lost || *all == 0 || processed.read_at != dropped.read_at)
    return std::nullopt;
  return *lost / *all;
}

/// The value of a trend that a poll of its endpoint tells, if any. `before` is
/// the snapshot without the values of the poll.
std::optional<double> measure(trend t, const snapshot& before, const poll& p,
                              time_point now) {
  switch (t) {
  case trend::peers:
    return p.values[index(field::total_nodes)];
  case trend::active_mixnodes:
    return p.values[index(field::active_nodes)];
  case trend::throughput:
    return throughput(before, p, now);
  case trend::loss:
    return loss(before, p);
  case trend::latency:
    break;
  }
  return p.values[index(field::avg_latency_ms)];
}

} // namespace

void endpoint_status::record(const poll& p, time_point now,
                             wall_time wall_now) {
  std::rotate(recent.begin(), recent.begin() + 1, recent.end());
  recent.back() = {p.result,
                   static_cast<std::uint8_t>(std::clamp(p.attempts, 1, 255))};
  last_result = p.result;
  const auto v = p.failure ? verdict_of(*p.failure) : verdict::success;
  if (v == verdict::success || v == verdict::neither)
    answered_by = p.replica;
  if (p.result == quality::good) {
    last_good = now;
    last_good_wall = wall_now;
    failing_since = {};
    refused = false;
    return;
  }
  last_failure = p.failure;
  last_failure_at = wall_now;
  if (failing_since == wall_time{})
    failing_since = wall_now;
}

void latency_state::observe(double seconds) {
  const auto bucket = std::lower_bound(bounds->begin(), bounds->end(), seconds);
  ++counts[static_cast<std::size_t>(bucket - bounds->begin())];
  sum += seconds;
}

std::shared_ptr<const snapshot>
successor_of(const snapshot& former, std::shared_ptr<const snapshot> s) {
  if (*former.latency.bounds != *s->latency.bounds)
    return s;
  auto successor = std::make_shared<snapshot>(*s);
  successor->latency = former.latency;
  return successor;
}

std::string_view snapshot::url_of(endpoint e) const {
  const auto& by = endpoints[index(e)].answered_by;
  if (addresses && by)
    return (*addresses)[*by].endpoints[index(e)];
  return urls ? std::string_view{(*urls)[index(e)]} : std::string_view{};
}

void snapshot::apply(endpoint e, const poll& p, time_point now) {
  if (guards.empty())
    return apply_values(e, p, now);
  auto guarded = p;
  hold_counters(guarded.values, p.replica);
  apply_values(e, guarded, now);
}

/// Replaces the counters that the guards hold back by the values shown.
void snapshot::hold_counters(reading& values, std::uint32_t replica) {
  for (const auto& row : family_table) {
    auto& value = values[index(row.shown)];
    if (row.type != family_type::counter || !value)
      continue;
    auto& guard = guards[index(row.shown)];
    value = guard.admit(*value, replica, fields[index(row.shown)].value);
    counter_holds += guard.holds();
  }
}

void snapshot::apply_values(endpoint e, const poll& p, time_point now) {
  for (const auto t : all_trends)
    if (row_of(field_of(t)).source == e)
      courses[index(t)].push(measure(t, *this, p, now));
  const bool no_object = p.failure && p.failure->why == reason::json;
  if (p.result == quality::bad && !no_object)
    return;
  for (const auto& row : field_table) {
    if (row.source != e)
      continue;
    auto& f = fields[index(row.id)];
    const auto& value = p.values[index(row.id)];
    f.bad = !value && (row.needed == presence::required || no_object ||
                       p.unusable[index(row.id)]);
    if (value) {
      f.value = value;
      f.read_at = now;
    } else if (!f.bad) {
      f = {}; // the service does not send this optional field
    }
  }
  for (const auto& row : family_table)
    if (row.type == family_type::histogram)
      if (const auto& value = p.values[index(row.shown)])
        latency.observe(*value / row.divisor);
}

} // namespace betanet::metrics
