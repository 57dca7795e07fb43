#pragma once

#include "endpoints.hpp"
#include "metrics/number.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace betanet::metrics {

/// The numbers that the exporter reads from the answers.
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

/// Whether an answer without the field is an invalid answer.
enum class presence : std::uint8_t { required, optional };

/// How a field is read. The parser, the log and the simulator use this table.
struct field_row {
  field id;
  std::string_view key; ///< The member's name in the endpoint's JSON object.
  endpoint source;
  presence needed = presence::required;
  number_rules rules = {};
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
        .log_name = "nodes",
    },
    field_row{
        .id = field::active_nodes,
        .key = "active_nodes",
        .source = endpoint::nodes_status,
        .log_name = "connections",
    },
    field_row{
        .id = field::inactive_nodes,
        .key = "inactive_nodes",
        .source = endpoint::nodes_status,
        .needed = presence::optional,
    },
    field_row{
        .id = field::packets_processed,
        .key = "packets_processed",
        .source = endpoint::metrics,
    },
    field_row{
        .id = field::packets_dropped,
        .key = "packets_dropped",
        .source = endpoint::metrics,
    },
    field_row{
        .id = field::bytes_transmitted,
        .key = "bytes_transmitted",
        .source = endpoint::network_stats,
        .log_name = "throughput",
        .log_unit = " bytes",
    },
    field_row{
        .id = field::bytes_received,
        .key = "bytes_received",
        .source = endpoint::network_stats,
        .needed = presence::optional,
    },
    field_row{
        .id = field::peak_throughput,
        .key = "peak_throughput",
        .source = endpoint::network_stats,
        .needed = presence::optional,
    },
    field_row{
        .id = field::avg_latency_ms,
        .key = "avg_latency_ms",
        .source = endpoint::network_stats,
        .rules = {.whole = false, .largest_power = 9}, // 12 days
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

/// The type of a family, which decides how it shows its field.
enum class family_type : std::uint8_t {
  gauge,
  counter,   ///< The service's own total, shown unchanged.
  histogram, ///< The field is observed once per poll that read it.
};

/// A metric family that shows a field.
struct family_row {
  field shown;
  const char* name;
  family_type type = family_type::gauge;
  double divisor = 1; ///< The family shows the field's value divided by this.
  const char* help;
};

/// The families with Betanet's values, in the order in which `/metrics` shows
/// them.
inline constexpr std::array family_table{
    family_row{
        .shown = field::total_nodes,
        .name = "betanet_connected_peers",
        .help = "Number of connected peers",
    },
    family_row{
        .shown = field::active_nodes,
        .name = "betanet_mixnode_active",
        .help = "Number of active mixnodes",
    },
    family_row{
        .shown = field::inactive_nodes,
        .name = "betanet_mixnode_inactive",
        .help = "Number of inactive mixnodes (Betanet "
                "nodes_status.inactive_nodes, polled and cached).",
    },
    family_row{
        .shown = field::packets_processed,
        .name = "betanet_packets_processed_total",
        .type = family_type::counter,
        .help = "Total packets processed (Betanet metrics.packets_processed, "
                "polled and cached).",
    },
    family_row{
        .shown = field::packets_dropped,
        .name = "betanet_packets_dropped_total",
        .type = family_type::counter,
        .help = "Total packets dropped",
    },
    family_row{
        .shown = field::bytes_transmitted,
        .name = "betanet_bytes_transmitted_total",
        .type = family_type::counter,
        .help = "Total bytes transmitted",
    },
    family_row{
        .shown = field::bytes_received,
        .name = "betanet_bytes_received_total",
        .type = family_type::counter,
        .help = "Total bytes received (Betanet network_stats.bytes_received, "
                "polled and cached).",
    },
    family_row{
        .shown = field::peak_throughput,
        .name = "betanet_peak_throughput",
        .help = "Peak throughput as Betanet reports it (Betanet "
                "network_stats.peak_throughput, polled and cached).",
    },
    family_row{
        .shown = field::avg_latency_ms,
        .name = "betanet_message_latency_average_seconds",
        .divisor = 1000,
        .help = "Average message latency in seconds, as it was last read "
                "(Betanet network_stats.avg_latency_ms, polled and cached).",
    },
    family_row{
        .shown = field::avg_latency_ms,
        .name = "betanet_message_latency_seconds",
        .type = family_type::histogram,
        .divisor = 1000,
        .help = "Message latency in seconds",
    },
};

} // namespace betanet::metrics
