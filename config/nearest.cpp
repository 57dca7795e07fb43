#include "config/keys_impl.hpp"

#include <algorithm>
#include <numeric>

namespace betanet::config {

namespace {

/// The Levenshtein distance: the smallest number of insertions, deletions and
/// replacements of letters that make `b` from `a`.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0u : 1u);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

} // namespace

std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates) {
  // Up to half of the letters may differ, and in a word of two letters one.
  return nearest(name, candidates, (name.size() + 1) / 2);
}

std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates,
                                   std::size_t most) {
  std::optional<std::string> best;
  auto least = most + 1;
  for (const auto& candidate : candidates)
    if (const auto d = edit_distance(name, candidate); d < least) {
      least = d;
      best = candidate;
    }
  return best;
}

} // namespace betanet::config
