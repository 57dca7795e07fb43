#include "metrics/types.hpp"

namespace betanet::metrics {

namespace {

constexpr std::array<std::string_view, endpoint_count> endpoint_names{
    "metrics", "nodes_status", "network_stats"};

constexpr std::array<std::string_view, field_count> field_names{
    "packets_processed", "packets_dropped", "total_nodes",
    "active_nodes",      "inactive_nodes",  "bytes_transmitted",
    "bytes_received",    "peak_throughput", "avg_latency_ms"};

constexpr std::array<std::string_view, reason_count> reason_names{
    "dns",      "connect",   "reset",    "eof",  "timeout", "status", "tls",
    "protocol", "too_large", "encoding", "json", "schema",  "local"};

bool gateway_status(int status) {
  return status == 502 || status == 503 || status == 504;
}

} // namespace

std::string_view name(endpoint e) {
  return endpoint_names[index(e)];
}
std::string_view name(field f) {
  return field_names[index(f)];
}
std::string_view name(reason r) {
  return reason_names[index(r)];
}

endpoint source(field f) {
  if (f <= field::packets_dropped)
    return endpoint::metrics;
  if (f <= field::inactive_nodes)
    return endpoint::nodes_status;
  return endpoint::network_stats;
}

bool retryable(const failure& f) {
  switch (f.why) {
  case reason::dns:
  case reason::connect:
  case reason::reset:
  case reason::eof:
  case reason::timeout:
  case reason::local:
    return true;
  case reason::status:
    return gateway_status(f.status);
  default:
    return false;
  }
}

verdict verdict_of(const failure& f) {
  switch (f.why) {
  case reason::json:
  case reason::schema:
    return verdict::success;
  case reason::local:
    return verdict::local;
  case reason::status:
    return f.status >= 500 ? verdict::failure : verdict::neither;
  default:
    return verdict::failure;
  }
}

} // namespace betanet::metrics
