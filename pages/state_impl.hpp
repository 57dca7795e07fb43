#pragma once

#include "metrics/snapshot.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace betanet::pages {

/// How an endpoint or a target is doing, the worst first.
enum class state : std::uint8_t {
  down,    ///< The latest poll, or that of one endpoint, was not good.
  stale,   ///< The latest polls were good, but new ones are refused or late.
  waiting, ///< Nothing failed, but not every first poll has finished.
  up,
};

inline constexpr std::size_t state_count = 4;

constexpr std::size_t index(state s) {
  return static_cast<std::size_t>(s);
}

std::string_view name(state s);

state state_of(const metrics::snapshot& s, endpoint e, metrics::time_point now);
state state_of(const metrics::snapshot& s, metrics::time_point now);

/// Whether any endpoint is stale, see `metrics::stale`.
bool any_stale(const metrics::snapshot& s, metrics::time_point now);

/// The endpoints that began to fail within a second of the first one, in this
/// order; none if no endpoint is failing.
std::vector<endpoint> first_failing(const metrics::snapshot& s);

/// Whether the next tick of any target is overdue, which means that the
/// scheduler has stopped working.
bool any_overdue(const metrics::census& all, metrics::time_point now);

/// The snapshot of a target; null if there is no target with this name.
const metrics::snapshot* find(const metrics::census& all,
                              const std::string& target);

} // namespace betanet::pages
