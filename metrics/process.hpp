#pragma once

#include <cstdint>

namespace betanet::metrics {

/// Measurements of the exporter's own process, read from /proc/self. The units
/// are those of the `process_` metrics of these names. A value that cannot be
/// read is negative.
struct process_stats {
  double cpu_seconds = -1;
  double open_fds = -1;
  double max_fds = -1;
  double virtual_memory_bytes = -1;
  double virtual_memory_max_bytes = -1;
  double resident_memory_bytes = -1;
  double start_time_seconds = -1; ///< Unix time.
  double threads = -1;
};

process_stats read_process_stats();

} // namespace betanet::metrics
