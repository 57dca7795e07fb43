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

  /// A target all of whose polls at `t0` were good.
  std::shared_ptr<snapshot> add_good(const std::string& name = {}) {
    const auto s = add(name);
    metrics::poll good;
    good.result = metrics::quality::good;
    for (const auto e : all_endpoints) {
      s->endpoints[index(e)].record(good, t0, wall0);
      s->apply(e, good, t0);
    }
    return s;
  }

  /// A target whose endpoint `metrics` is refused since `after` the time
  /// `wall0`.
  std::shared_ptr<snapshot> add_failing(const std::string& name,
                                        metrics::duration after) {
    const auto s = add_good(name);
    metrics::poll bad;
    bad.failure =
        metrics::failure{metrics::reason::connect, "Connection refused"};
    s->endpoints[0].record(
        bad, t0 + after,
        wall0 +
            std::chrono::duration_cast<metrics::wall_time::duration>(after));
    return s;
  }

  /// Gives the target the replicas `http://a` and `http://b`.
  static void make_replicated(snapshot& s) {
    s.urls = std::make_shared<const metrics::endpoint_urls>(
        metrics::endpoint_urls{"http://a/m", "http://a/n", "http://a/s"});
    s.addresses = std::make_shared<const std::vector<metrics::replica_address>>(
        std::vector<metrics::replica_address>{
            {"http://a", *s.urls},
            {"http://b", {"http://b/m", "http://b/n", "http://b/s"}}});
  }

  pages::view at(metrics::time_point now) const {
    return {
        .all = all,
        .now = now,
        .started = t0,
        .version = "1.2.3",
        .host = "exporter:9200",
        .target = target,
        .detailed = detailed,
        .reached_at = reached_at,
        .wall_now =
            wall0 +
            std::chrono::duration_cast<metrics::wall_time::duration>(now - t0),
        .filter = filter,
        .page = page};
  }

  boost::json::object health(metrics::time_point now) const {
    return boost::json::parse(pages::health(at(now)).body).as_object();
  }

  const metrics::time_point t0{1000h};
  /// The time of day at `t0`: 2024-11-22 15:40:00 UTC.
  const metrics::wall_time wall0{1732290000s};
  metrics::census all;
  std::optional<std::string> target;
  bool detailed = true;
  pages::location reached_at;
  std::string filter;
  std::string page;
};

} // namespace betanet::testing
