#include "pages/routes.hpp"

#include <boost/json.hpp>

namespace betanet::pages {

namespace {

namespace json = boost::json;

/// The labels that make Prometheus scrape one target as an instance of its own.
/// Labels with the values that Prometheus uses anyway are left out.
json::object labels_of(const std::string& target, const location& at) {
  json::object labels;
  if (!target.empty())
    labels = {{"__param_target", target}, {"instance", target}};
  if (at.tls)
    labels["__scheme__"] = "https";
  if (at.metrics_path != location{}.metrics_path)
    labels["__metrics_path__"] = at.metrics_path;
  return labels;
}

} // namespace

/// The answer of `/sd` in the format of Prometheus's HTTP service discovery.
/// Without a configured address, it gives the `Host` of the request: the one
/// address under which Prometheus is known to reach the exporter.
answer discovery(const view& v) {
  const auto& at = v.reached_at;
  const json::string host{at.host.empty() ? v.host : std::string_view{at.host}};
  if (host.empty())
    return {.status = 400,
            .body = "Host is empty, and web.external_url is not set.\n"};
  json::array groups;
  for (const auto& [target, _] : v.all.targets)
    groups.push_back(json::object{{"targets", json::array{host}},
                                  {"labels", labels_of(target, at)}});
  return {.content_type = "application/json",
          .body = json::serialize(groups) + "\n"};
}

} // namespace betanet::pages
