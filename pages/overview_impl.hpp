#pragma once

#include "pages/routes.hpp"
#include "pages/state_impl.hpp"

#include <array>
#include <string>
#include <vector>

namespace betanet::pages {

/// The status page shows this many targets at a time, which keeps it below
/// 1 MB. A target takes about 2.5 KB if it is failing, else about 1 KB.
inline constexpr std::size_t targets_per_page = 200;

/// A target on the status page. The references point into the census.
struct listed_target {
  const std::string* name;
  const metrics::snapshot* latest;
  pages::state state;
  /// When the first of its endpoints began to fail; 0 if none is failing.
  metrics::wall_time failing_since{};
};

listed_target list_target(const std::string& name,
                          const metrics::snapshot& latest,
                          metrics::time_point now);

/// What the status page shows of a census.
struct overview {
  /// The targets in each state, by `index(state)`, whatever the filter is.
  std::array<std::size_t, state_count> counts{};
  std::size_t total = 0;
  std::size_t matching = 0; ///< The targets that match the filter.
  std::size_t page = 1;     ///< Counts from 1.
  std::size_t pages = 1;
  /// The targets of this page. The worst come first, of these the ones that
  /// have been failing for the longest time; others are in the order of names.
  std::vector<listed_target> shown;
};

/// Counts and orders the targets, applies the filter and selects a page. The
/// filter is a text that occurs in the name of a target, its state, the URL of
/// an endpoint or the error of a failing endpoint; the case does not matter.
overview survey(const view& v);

} // namespace betanet::pages
