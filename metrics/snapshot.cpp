#include "metrics/snapshot.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

constexpr bool is_counter(field f) {
  return f == field::packets_processed || f == field::packets_dropped ||
         f == field::bytes_transmitted || f == field::bytes_received;
}

/// The field is shown as 0 while polls end in answers that lack it.
bool has_default(const snapshot& s, field f) {
  const auto& failure = s.endpoints[index(source(f))].last_failure;
  return failure &&
         (failure->why == reason::json || failure->why == reason::schema) &&
         !is_counter(f) && f != field::avg_latency_ms;
}

time_point stale_at(const snapshot& s, endpoint e) {
  const auto since = s.endpoints[index(e)].last_good.value_or(s.started);
  return since + 2 * s.rules.interval + s.rules.timeout;
}

} // namespace

void latency_state::observe(double seconds) {
  const auto bucket = std::lower_bound(bounds->begin(), bounds->end(), seconds);
  ++counts[static_cast<std::size_t>(bucket - bounds->begin())];
  sum += seconds;
}

void snapshot::apply(endpoint e, const poll& p, time_point now) {
  const bool answered =
      p.result != quality::bad || (p.failure && p.failure->why == reason::json);
  if (!answered)
    return;
  for (std::size_t i = 0; i < field_count; ++i) {
    if (source(static_cast<field>(i)) != e)
      continue;
    auto& f = fields[i];
    f.bad = !p.values[i];
    if (f.bad)
      continue;
    f.value = p.values[i];
    f.read_at = now;
  }
  if (const auto& ms = p.values[index(field::avg_latency_ms)])
    latency.observe(*ms / 1000);
}

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
  const auto fallback = s.rules.fallback;
  if (state.bad && (fallback != parse_fallback::last_known || !state.value)) {
    if (fallback != parse_fallback::omit && has_default(s, f))
      return 0;
    return std::nullopt;
  }
  const bool gone = s.rules.max_stale &&
                    now - state.read_at > *s.rules.max_stale &&
                    stale(s, source(f), now);
  return gone ? std::nullopt : state.value;
}

bool up(const snapshot& s, endpoint e) {
  return s.endpoints[index(e)].last_result == quality::good;
}

bool up(const snapshot& s) {
  return std::all_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](endpoint e) { return up(s, e); });
}

hit classify(const snapshot& s, time_point now) {
  const auto fresh = [&](endpoint e) {
    const auto a = age(s, e, now);
    return a && *a < s.rules.ttl;
  };
  if (std::all_of(all_endpoints.begin(), all_endpoints.end(), fresh))
    return hit::fresh;
  for (std::size_t i = 0; i < field_count; ++i)
    if (visible(s, static_cast<field>(i), now))
      return hit::stale;
  return hit::miss;
}

time_point next_change(const snapshot& s, time_point now) {
  auto next = time_point::max();
  const auto consider = [&](time_point t) {
    if (t >= now) // both rules hold strictly after t
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
