#pragma once

#include "endpoints.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace betanet::metrics {

/// The values that the exporter reads, in the order in which `/metrics` shows
/// them.
enum class field : std::uint8_t {
  total_nodes,
  active_nodes,
  inactive_nodes,
  packets_processed,
  packets_dropped,
  bytes_transmitted,
  bytes_received,
  peak_throughput,
  avg_latency_ms,
};

/// What kind of value a field has, which decides the type of its family.
enum class field_kind : std::uint8_t {
  gauge,
  counter, ///< The service's own total, shown unchanged.
  latency, ///< Observed once per poll in the histogram of its family.
};

/// Whether an answer without the field is an invalid answer.
enum class presence : std::uint8_t { required, optional };

/// Whether a value may have a fraction.
enum class number_form : std::uint8_t { whole, fractional };

/// Everything the program knows about one value. The parser, the freshness
/// rules, the rendering, the log and the simulator use this table.
struct field_row {
  field id;
  std::string_view key; ///< The member's name in the endpoint's JSON object.
  endpoint source;
  presence needed = presence::required;
  field_kind kind = field_kind::gauge;
  number_form form = number_form::whole;
  double divisor = 1; ///< The family shows the value divided by this.
  const char* family;
  const char* help;
  /// The value's name and unit in the log line `Updated metrics: ...`. The log
  /// line does not show the value if the name is empty.
  std::string_view log_name = {};
  std::string_view log_unit = {};
};

inline constexpr std::array field_table{
    field_row{
        .id = field::total_nodes,
        .key = "total_nodes",
        .source = endpoint::nodes_status,
        .family = "betanet_connected_peers",
        .help = "Number of connected peers (Betanet nodes_status.total_nodes, "
                "polled and cached).",
        .log_name = "nodes",
    },
    field_row{
        .id = field::active_nodes,
        .key = "active_nodes",
        .source = endpoint::nodes_status,
        .family = "betanet_mixnode_active",
        .help = "Number of active mixnodes (Betanet nodes_status.active_nodes, "
                "polled and cached).",
        .log_name = "connections",
    },
    field_row{
        .id = field::inactive_nodes,
        .key = "inactive_nodes",
        .source = endpoint::nodes_status,
        .needed = presence::optional,
        .family = "betanet_mixnode_inactive",
        .help = "Number of inactive mixnodes (Betanet "
                "nodes_status.inactive_nodes, polled and cached).",
    },
    field_row{
        .id = field::packets_processed,
        .key = "packets_processed",
        .source = endpoint::metrics,
        .kind = field_kind::counter,
        .family = "betanet_packets_processed_total",
        .help = "Total packets processed (Betanet metrics.packets_processed, "
                "polled and cached).",
    },
    field_row{
        .id = field::packets_dropped,
        .key = "packets_dropped",
        .source = endpoint::metrics,
        .kind = field_kind::counter,
        .family = "betanet_packets_dropped_total",
        .help = "Total packets dropped (Betanet metrics.packets_dropped, "
                "polled and cached).",
    },
    field_row{
        .id = field::bytes_transmitted,
        .key = "bytes_transmitted",
        .source = endpoint::network_stats,
        .kind = field_kind::counter,
        .family = "betanet_bytes_transmitted_total",
        .help = "Total bytes transmitted (Betanet "
                "network_stats.bytes_transmitted, polled and cached).",
        .log_name = "throughput",
        .log_unit = " bytes",
    },
    field_row{
        .id = field::bytes_received,
        .key = "bytes_received",
        .source = endpoint::network_stats,
        .needed = presence::optional,
        .kind = field_kind::counter,
        .family = "betanet_bytes_received_total",
        .help = "Total bytes received (Betanet network_stats.bytes_received, "
                "polled and cached).",
    },
    field_row{
        .id = field::peak_throughput,
        .key = "peak_throughput",
        .source = endpoint::network_stats,
        .needed = presence::optional,
        .family = "betanet_peak_throughput",
        .help = "Peak throughput as Betanet reports it (Betanet "
                "network_stats.peak_throughput, polled and cached).",
    },
    field_row{
        .id = field::avg_latency_ms,
        .key = "avg_latency_ms",
        .source = endpoint::network_stats,
        .kind = field_kind::latency,
        .form = number_form::fractional,
        .divisor = 1000,
        .family = "betanet_message_latency_seconds",
        .help = "Message latency in seconds: Betanet's average "
                "(network_stats.avg_latency_ms), polled, cached and observed "
                "once per poll.",
    },
};

inline constexpr std::size_t field_count = field_table.size();

constexpr std::size_t index(field f) {
  return static_cast<std::size_t>(f);
}

static_assert(
    [] {
      for (std::size_t i = 0; i < field_count; ++i)
        if (index(field_table[i].id) != i)
          return false;
      return true;
    }(),
    "the rows must be in the order of the enumeration");

constexpr const field_row& row_of(field f) {
  return field_table[index(f)];
}

} // namespace betanet::metrics
