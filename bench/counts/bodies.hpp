#pragma once

#include "endpoints.hpp"

#include <string_view>

namespace betanet::counts {

/// What a service answers.
inline std::string_view body_of(endpoint e) {
  switch (e) {
  case endpoint::metrics:
    return R"({"packets_processed": 5000, "packets_dropped": 10})";
  case endpoint::nodes_status:
    return R"({"active_nodes": 5, "inactive_nodes": 2, "total_nodes": 7})";
  case endpoint::network_stats:
    break;
  }
  return R"({"bytes_transmitted": 1000000, "bytes_received": 500000, )"
         R"("avg_latency_ms": 45.0, "peak_throughput": 10000})";
}

} // namespace betanet::counts
