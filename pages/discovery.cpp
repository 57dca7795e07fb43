#include "pages/routes.hpp"

#include <boost/json.hpp>

namespace betanet::pages {

/// The answer of `/sd` in the format of Prometheus's HTTP service discovery.
/// The address is the `Host` of the request, because the exporter does not know
/// under which address Prometheus reaches it.
answer discovery(const view& v) {
  namespace json = boost::json;
  json::array groups;
  for (const auto& [target, _] : v.all.targets)
    groups.push_back(
        json::object{{"targets", json::array{v.host}},
                     {"labels", json::object{{"__param_target", target}}}});
  return {.content_type = "application/json",
          .body = json::serialize(groups) + "\n"};
}

} // namespace betanet::pages
