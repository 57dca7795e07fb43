#include "metrics/freshness.hpp"
#include "pages/state_impl.hpp"

#include <algorithm>

namespace betanet::pages {

std::string_view name(state s) {
  switch (s) {
  case state::down:
    return "down";
  case state::stale:
    return "stale";
  case state::waiting:
    return "waiting";
  case state::up:
    break;
  }
  return "up";
}

state state_of(const metrics::snapshot& s, endpoint e,
               metrics::time_point now) {
  if (!s.endpoints[index(e)].last_result)
    return state::waiting;
  if (!metrics::up(s, e))
    return state::down;
  return metrics::stale(s, e, now) ? state::stale : state::up;
}

state state_of(const metrics::snapshot& s, metrics::time_point now) {
  auto worst = state::up;
  for (const auto e : all_endpoints)
    worst = std::min(worst, state_of(s, e, now));
  return worst;
}

bool any_stale(const metrics::snapshot& s, metrics::time_point now) {
  return std::any_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](auto e) { return metrics::stale(s, e, now); });
}

std::optional<endpoint> first_failing(const metrics::snapshot& s) {
  std::optional<endpoint> first;
  const auto since = [&](endpoint e) {
    return s.endpoints[index(e)].failing_since;
  };
  for (const auto e : all_endpoints)
    if (since(e) != metrics::wall_time{} &&
        (!first || since(e) < since(*first)))
      first = e;
  return first;
}

bool any_overdue(const metrics::census& all, metrics::time_point now) {
  return std::any_of(
      all.targets.begin(), all.targets.end(),
      [&](const auto& t) { return metrics::overdue(*t.second, now); });
}

const metrics::snapshot* find(const metrics::census& all,
                              const std::string& target) {
  const auto found =
      std::find_if(all.targets.begin(), all.targets.end(),
                   [&](const auto& t) { return t.first == target; });
  return found == all.targets.end() ? nullptr : found->second.get();
}

} // namespace betanet::pages
