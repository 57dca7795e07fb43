#include "pages/routes.hpp"

#include <boost/json.hpp>

namespace betanet::pages {

/// Prometheus's HTTP service discovery. The address is the one by which the
/// client reached the exporter, which knows its own only from inside.
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
