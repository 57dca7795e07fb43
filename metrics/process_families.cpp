#include "metrics/families_impl.hpp"

namespace betanet::metrics {

namespace {

/// Adds a sample unless `value` is negative, which means that it is not known.
void add_known(sample_writer& to, double value) {
  if (value >= 0)
    to.add({}, value);
}

/// One family about the whole process. A family without samples is left out.
struct process_row : family_head {
  void (*sample)(sample_writer&, const process_view&);
};

constexpr std::array process_table{
    process_row{{"betanet_exporter_targets", MetricType::Gauge,
                 "Number of configured targets."},
                [](auto& to, auto& v) { to.add({}, v.targets); }},
    process_row{{"betanet_exporter_build_info", MetricType::Gauge,
                 "Version and build of this binary; the value is always 1."},
                [](auto& to, auto& v) {
                  const auto& b = v.build;
                  to.add({{"version", b.version},
                          {"revision", b.revision},
                          {"compiler", b.compiler},
                          {"caf_version", b.caf_version},
                          {"boost_version", b.boost_version}},
                         1.0);
                }},
    process_row{{"betanet_exporter_config_last_reload_successful",
                 MetricType::Gauge,
                 "Whether the latest load of the configuration succeeded (1) "
                 "or failed (0)."},
                [](auto& to, auto& v) { to.add({}, v.reload.successful); }},
    process_row{
        {"betanet_exporter_config_last_reload_success_timestamp_seconds",
         MetricType::Gauge,
         "Unix time of the latest successful load of the configuration."},
        [](auto& to, auto& v) {
          to.add({}, unix_seconds(v.reload.succeeded_at));
        }},
    process_row{
        {"betanet_exporter_config_restart_pending", MetricType::Gauge,
         "Whether the configuration loaded last differs from the one "
         "in use in a key that needs a restart (1) or not (0)."},
        [](auto& to, auto& v) { to.add({}, v.reload.restart_pending); }},
    process_row{{"betanet_exporter_sd_refreshes_total", MetricType::Counter,
                 "Readings of lists of targets, failed ones included."},
                [](auto& to, auto& v) {
                  for (const auto& s : v.sources)
                    to.add({{"source", s.source}}, s.refreshes);
                }},
    process_row{{"betanet_exporter_sd_refresh_failures_total",
                 MetricType::Counter,
                 "Readings of lists of targets that failed."},
                [](auto& to, auto& v) {
                  for (const auto& s : v.sources)
                    to.add({{"source", s.source}}, s.failures);
                }},
    process_row{{"betanet_exporter_shard_info", MetricType::Gauge,
                 "Which part of all targets this process polls; the value is "
                 "always 1."},
                [](auto& to, auto& v) {
                  if (v.shard)
                    to.add({{"index", std::to_string(v.shard->index)},
                            {"count", std::to_string(v.shard->count)}},
                           1.0);
                }},
};

/// The families that `web.disable_exporter_metrics` leaves out.
constexpr std::array exporter_table{
    process_row{{"betanet_exporter_http_requests_total", MetricType::Counter,
                 "HTTP requests answered, by handler and status code."},
                [](auto& to, auto& v) {
                  for (const auto& r : v.front.requests)
                    to.add({{"handler", std::string{r.handler}},
                            {"code", std::to_string(r.code)}},
                           r.count);
                }},
    process_row{{"betanet_exporter_http_connections", MetricType::Gauge,
                 "Number of open HTTP connections."},
                [](auto& to, auto& v) { to.add({}, v.front.connections); }},
    process_row{
        {"betanet_exporter_http_connections_rejected_total",
         MetricType::Counter,
         "HTTP connections closed because a limit was reached, by reason."},
        [](auto& to, auto& v) {
          to.add({{"reason", "limit"}}, v.front.rejected_limit);
          to.add({{"reason", "descriptors"}}, v.front.rejected_descriptors);
        }},
    process_row{
        {"process_cpu_seconds_total", MetricType::Counter,
         "Total user and system CPU time spent in seconds."},
        [](auto& to, auto& v) { add_known(to, v.process.cpu_seconds); }},
    process_row{{"process_open_fds", MetricType::Gauge,
                 "Number of open file descriptors."},
                [](auto& to, auto& v) { add_known(to, v.process.open_fds); }},
    process_row{{"process_max_fds", MetricType::Gauge,
                 "Maximum number of open descriptors."},
                [](auto& to, auto& v) { add_known(to, v.process.max_fds); }},
    process_row{{"process_virtual_memory_bytes", MetricType::Gauge,
                 "Virtual memory size in bytes."},
                [](auto& to, auto& v) {
                  add_known(to, v.process.virtual_memory_bytes);
                }},
    process_row{{"process_virtual_memory_max_bytes", MetricType::Gauge,
                 "Maximum amount of virtual memory available in bytes."},
                [](auto& to, auto& v) {
                  add_known(to, v.process.virtual_memory_max_bytes);
                }},
    process_row{{"process_resident_memory_bytes", MetricType::Gauge,
                 "Resident memory size in bytes."},
                [](auto& to, auto& v) {
                  add_known(to, v.process.resident_memory_bytes);
                }},
    process_row{
        {"process_start_time_seconds", MetricType::Gauge,
         "Start time of the process since the Unix epoch in seconds."},
        [](auto& to, auto& v) { add_known(to, v.process.start_time_seconds); }},
    process_row{{"process_threads", MetricType::Gauge,
                 "Number of threads of the process."},
                [](auto& to, auto& v) { add_known(to, v.process.threads); }},
};

} // namespace

void append_process_families(std::string& text, const process_view& v) {
  const auto append = [&](const auto& table, const auto& heads) {
    family_lines lines(table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
      sample_writer writer{lines[i], table[i].name};
      table[i].sample(writer, v);
    }
    append_families(text, heads, std::move(lines));
  };
  static const auto process_heads = head_texts(process_table);
  static const auto exporter_heads = head_texts(exporter_table);
  append(process_table, process_heads);
  if (v.exporter_metrics)
    append(exporter_table, exporter_heads);
}

} // namespace betanet::metrics
