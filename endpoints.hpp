#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The endpoints of Betanet's HTTP API. All directories may include this
/// header.
namespace betanet {

/// The three endpoints of a Betanet service.
enum class endpoint : std::uint8_t { metrics, nodes_status, network_stats };

inline constexpr std::array all_endpoints{
    endpoint::metrics, endpoint::nodes_status, endpoint::network_stats};
inline constexpr std::size_t endpoint_count = all_endpoints.size();

constexpr std::size_t index(endpoint e) {
  return static_cast<std::size_t>(e);
}

/// An endpoint with its name in labels, configuration and logs, and with its
/// path if the configuration does not set another one.
struct endpoint_row {
  endpoint id;
  std::string_view name, default_path;
};

inline constexpr std::array endpoint_table{
    endpoint_row{endpoint::metrics, "metrics", "/api/v1/metrics"},
    endpoint_row{endpoint::nodes_status, "nodes_status",
                 "/api/v1/nodes/status"},
    endpoint_row{endpoint::network_stats, "network_stats",
                 "/api/v1/network/stats"}};

static_assert([] {
  for (std::size_t i = 0; i < endpoint_count; ++i)
    if (index(endpoint_table[i].id) != i || index(all_endpoints[i]) != i)
      return false;
  return endpoint_table.size() == endpoint_count;
}());

constexpr std::string_view name(endpoint e) {
  return endpoint_table[index(e)].name;
}

constexpr std::string_view default_path(endpoint e) {
  return endpoint_table[index(e)].default_path;
}

} // namespace betanet
