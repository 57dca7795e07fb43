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

std::vector<endpoint> first_failing(const metrics::snapshot& s) {
  const auto since = [&](endpoint e) {
    return s.endpoints[index(e)].failing_since;
  };
  std::vector<endpoint> failing(all_endpoints.begin(), all_endpoints.end());
  std::erase_if(failing,
                [&](endpoint e) { return since(e) == metrics::wall_time{}; });
  std::stable_sort(failing.begin(), failing.end(),
                   [&](auto a, auto b) { return since(a) < since(b); });
  // A service that dies takes its endpoints along within milliseconds.
  if (!failing.empty())
    std::erase_if(failing,
                  [&, end = since(failing[0]) + std::chrono::seconds{1}](
                      endpoint e) { return since(e) >= end; });
  return failing;
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
