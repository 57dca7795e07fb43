#pragma once

#include "pages/routes.hpp"

#include <boost/json.hpp>

#include <memory>

namespace betanet::testing {

using namespace std::chrono_literals;

/// A census that a test fills, and a view of it.
struct page_view {
  using snapshot = metrics::snapshot;

  std::shared_ptr<snapshot> add(const std::string& name = {}) {
    const auto s = std::make_shared<snapshot>(
        metrics::freshness_rules{15s, 5s, 10s, 5min},
        std::make_shared<const std::vector<double>>(), t0);
    all.targets.emplace_back(name, s);
    return s;
  }

  pages::view at(metrics::time_point now) const {
    return {.all = all,
            .now = now,
            .started = t0,
            .version = "1.2.3",
            .host = "exporter:9200",
            .target = target,
            .detailed = detailed,
            .reached_at = reached_at};
  }

  boost::json::object health(metrics::time_point now) const {
    return boost::json::parse(pages::health(at(now)).body).as_object();
  }

  const metrics::time_point t0{1000h};
  metrics::census all;
  std::optional<std::string> target;
  bool detailed = true;
  pages::location reached_at;
};

} // namespace betanet::testing
