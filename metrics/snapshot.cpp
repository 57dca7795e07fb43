#include "metrics/snapshot.hpp"

#include <algorithm>

namespace betanet::metrics {

void latency_state::observe(double seconds) {
  const auto bucket = std::lower_bound(bounds->begin(), bounds->end(), seconds);
  ++counts[static_cast<std::size_t>(bucket - bounds->begin())];
  sum += seconds;
}

void snapshot::apply(endpoint e, const poll& p, time_point now) {
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
