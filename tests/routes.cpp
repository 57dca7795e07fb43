#define CAF_SUITE routes

#include "pages/routes.hpp"

#include "tests/page_view.hpp"
#include "tests/suite.hpp"

#include <set>

using namespace betanet;
using namespace betanet::pages;
using namespace betanet::testing;

CAF_TEST(paths and handlers are unique) {
  std::set<std::string_view> paths, handlers{unknown_route.handler};
  for (const auto& r : route_table) {
    CAF_CHECK(paths.insert(r.path).second);
    CAF_CHECK(handlers.insert(r.handler).second);
  }
}

CAF_TEST(only routes of the census have a function) {
  for (const auto& r : route_table)
    CAF_CHECK_EQUAL(r.make != nullptr, r.from == source::census);
}

CAF_TEST(a path matches only exactly) {
  CAF_CHECK_EQUAL(find_route("/health").handler, "health");
  CAF_CHECK_EQUAL(find_route("/").handler, "index");
  for (const auto* path : {"", "/Health", "/health/", "//health", "/nowhere"})
    CHECK_EQUAL(&find_route(path), &unknown_route);
}

CAF_TEST(the telemetry path replaces the path of the metrics) {
  CAF_CHECK_EQUAL(find_route("/m", "/m").handler, "metrics");
  CHECK_EQUAL(&find_route("/metrics", "/m"), &unknown_route);
}

CAF_TEST(every path but that of the metrics is reserved) {
  const auto reserved = reserved_paths();
  const std::set<std::string> all(reserved.begin(), reserved.end());

  CAF_CHECK_EQUAL(all.size(), route_table.size() - 1);
  CAF_CHECK(all.contains("/"));
  CAF_CHECK(all.contains("/-/reload"));
  CAF_CHECK(!all.contains("/metrics"));
}

CAF_TEST(only health needs no login and has no rate limit) {
  for (const auto& r : route_table) {
    const bool health =
        r.handler == "health" || r.handler == "healthy" || r.handler == "ready";
    CAF_CHECK_EQUAL(r.needs_login, !health);
    CAF_CHECK_EQUAL(r.rate_limited, !health);
  }
  CAF_CHECK(unknown_route.needs_login);
  CAF_CHECK(unknown_route.rate_limited);
}

CAF_TEST(requests are counted by handler and code) {
  request_counts counts;
  const auto series = counts.all().size();
  for (const auto& c : counts.all())
    CAF_CHECK_EQUAL(c.count, 0u);

  ++counts.at(find_route("/health"), 200);
  ++counts.at(find_route("/health"), 200);
  counts.at(unknown_route, 400) = 7;

  CAF_CHECK_EQUAL(counts.all().size(), series);
  for (const auto& c : counts.all())
    CAF_CHECK_EQUAL(c.count, c.handler == "health" && c.code == 200  ? 2u
                             : c.handler == "other" && c.code == 400 ? 7u
                                                                     : 0u);
}

CAF_TEST(a code that no route lists is counted too) {
  request_counts counts;
  const auto series = counts.all().size();

  ++counts.at(find_route("/health"), 418);
  ++counts.at(find_route("/health"), 418);

  CAF_REQUIRE_EQUAL(counts.all().size(), series + 1);
  CAF_CHECK_EQUAL(counts.all().back().handler, "health");
  CAF_CHECK_EQUAL(counts.all().back().code, 418);
  CAF_CHECK_EQUAL(counts.all().back().count, 2u);
}

CAF_TEST(without a census health says so in its own words) {
  const auto health = without_census(find_route("/health"));
  const auto other = without_census(find_route("/sd"));

  CAF_CHECK_EQUAL(health.status, 503);
  CAF_CHECK_EQUAL(health.body, "{\"status\":\"unhealthy\"}\n");
  CAF_CHECK_EQUAL(other.status, 503);
  CAF_CHECK_EQUAL(other.body, "The cache does not answer.\n");
}

CAF_TEST(Prometheus discovers the targets at the host it has asked) {
  page_view v;
  v.add("eu-\"1\"");
  v.add("us");

  const auto a = discovery(v.at(v.t0));

  CAF_CHECK_EQUAL(a.status, 200);
  CAF_CHECK_EQUAL(a.content_type, std::string{"application/json"});
  CAF_CHECK_EQUAL(a.body, R"([{"targets":["exporter:9200"],"labels":)"
                          R"({"__param_target":"eu-\"1\"",)"
                          R"("instance":"eu-\"1\""}},)"
                          R"({"targets":["exporter:9200"],"labels":)"
                          R"({"__param_target":"us","instance":"us"}}])"
                          "\n");
}

CAF_TEST(Prometheus discovers the targets where they can be reached) {
  page_view v;
  v.add("eu");
  v.reached_at = {true, "outside:443", "/betanet/metrics"};

  const auto a = discovery(v.at(v.t0));

  CAF_CHECK_EQUAL(a.body, R"([{"targets":["outside:443"],"labels":)"
                          R"({"__param_target":"eu","instance":"eu",)"
                          R"("__scheme__":"https",)"
                          R"("__metrics_path__":"/betanet/metrics"}}])"
                          "\n");
}

CAF_TEST(without any address there is nothing to discover) {
  page_view v;
  v.add("eu");
  auto view = v.at(v.t0);
  view.host = {};
  CAF_CHECK_EQUAL(discovery(view).status, 400);
}

CAF_TEST(Prometheus discovers the unnamed target as the whole exporter) {
  page_view v;
  v.add();

  const auto a = discovery(v.at(v.t0));

  CAF_CHECK_EQUAL(a.body, R"([{"targets":["exporter:9200"],"labels":{}}])"
                          "\n");
}
