#include "bench/counts/bodies.hpp"
#include "bench/counts/families.hpp"
#include "bench/counts/workloads.hpp"
#include "metrics/parse.hpp"
#include "metrics/render.hpp"

#include <prometheus/text_serializer.h>

#include <cstdlib>

namespace betanet::counts {

namespace {

constexpr int targets = 100;

using snapshots = std::vector<std::shared_ptr<const metrics::snapshot>>;

/// The snapshots of all targets after good polls.
snapshots polled(double value) {
  static const auto bounds = std::make_shared<const std::vector<double>>(
      std::vector{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5});
  snapshots all;
  for (int i = 0; i < targets; ++i) {
    auto s = std::make_shared<metrics::snapshot>(
        metrics::freshness_rules{
            std::chrono::seconds{15}, std::chrono::seconds{5},
            std::chrono::seconds{10}, std::chrono::minutes{5}},
        bounds, metrics::time_point{});
    for (auto& f : s->fields)
      f.value = value + i;
    s->latency.observe(0.045);
    for (auto& e : s->endpoints) {
      e.last_result = metrics::quality::good;
      e.last_good = metrics::time_point{};
    }
    all.push_back(std::move(s));
  }
  return all;
}

std::string page_of(metrics::exposition& pages, const snapshots& all) {
  for (std::size_t i = 0; i < all.size(); ++i)
    pages.update("target-" + std::to_string(i), all[i]);
  return pages.render(metrics::time_point{}, {}, {}).text;
}

} // namespace

void parse(int n) {
  for (int i = 0; i < n; ++i)
    for (const auto& row : endpoint_table)
      if (metrics::parse(row.id, body_of(row.id)).failure)
        std::abort();
}

void render(int n) {
  metrics::exposition pages{metrics::detail::full, {}, {}};
  const std::array states{polled(123456), polled(7654321)};
  for (int i = 0; i < n; ++i)
    if (page_of(pages, states[static_cast<std::size_t>(i) % 2]).empty())
      std::abort();
}

void serialize(int n) {
  metrics::exposition pages{metrics::detail::full, {}, {}};
  const auto families = families_of(page_of(pages, polled(123456)));
  const prometheus::TextSerializer serializer;
  for (int i = 0; i < n; ++i)
    if (serializer.Serialize(families).empty())
      std::abort();
}

} // namespace betanet::counts
