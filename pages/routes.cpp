#include "pages/routes.hpp"

#include <algorithm>

namespace betanet::pages {

const route& find_route(std::string_view path,
                        std::string_view telemetry_path) {
  const auto* const found =
      std::find_if(route_table.begin(), route_table.end(), [&](const auto& r) {
        return path == (r.from == source::exposition ? telemetry_path : r.path);
      });
  return found == route_table.end() ? unknown_route : *found;
}

std::vector<std::string> reserved_paths() {
  std::vector<std::string> paths;
  for (const auto& r : route_table)
    if (r.from != source::exposition)
      paths.emplace_back(r.path);
  return paths;
}

request_counts::request_counts() {
  const auto add = [this](const route& r) {
    for (const int code : r.codes)
      counts_.push_back({r.handler, code, 0});
  };
  for (const auto& r : route_table)
    add(r);
  add(unknown_route);
}

std::uint64_t& request_counts::at(const route& of, int code) {
  const auto found =
      std::find_if(counts_.begin(), counts_.end(), [&](const auto& c) {
        return c.code == code && c.handler == of.handler;
      });
  if (found != counts_.end())
    return found->count;
  counts_.push_back({of.handler, code, 0}); // a code that the table lacks
  return counts_.back().count;
}

} // namespace betanet::pages
