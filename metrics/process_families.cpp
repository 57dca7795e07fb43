#include "metrics/families_impl.hpp"
#include "metrics/samples_impl.hpp"

namespace betanet::metrics {

namespace {

/// Adds a sample unless `value` is negative, which means that it is not known.
void add_known(MetricFamily& f, double value) {
  if (value >= 0)
    add(f, {}, value);
}

/// One family about the whole process. A family without samples is left out.
struct process_row : family_head {
  void (*sample)(MetricFamily&, const process_view&);
};

constexpr std::array process_table{
    process_row{{"betanet_exporter_targets", MetricType::Gauge,
                 "Number of configured targets."},
                [](auto& f, auto& v) { add(f, {}, std::uint64_t{v.targets}); }},
    process_row{{"betanet_exporter_build_info", MetricType::Gauge,
                 "Version and build of this binary; the value is always 1."},
                [](auto& f, auto& v) {
                  const auto& b = v.build;
                  add(f,
                      {{"version", b.version},
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
                [](auto& f, auto& v) { add(f, {}, v.reload.successful); }},
    process_row{
        {"betanet_exporter_config_last_reload_success_timestamp_seconds",
         MetricType::Gauge,
         "Unix time of the latest successful load of the configuration."},
        [](auto& f, auto& v) {
          add(f, {}, unix_seconds(v.reload.succeeded_at));
        }},
    process_row{{"betanet_exporter_config_restart_pending", MetricType::Gauge,
                 "Whether the configuration loaded last differs from the one "
                 "in use in a key that needs a restart (1) or not (0)."},
                [](auto& f, auto& v) { add(f, {}, v.reload.restart_pending); }},
    process_row{{"betanet_exporter_sd_refreshes_total", MetricType::Counter,
                 "Readings of lists of targets, failed ones included."},
                [](auto& f, auto& v) {
                  for (const auto& s : v.sources)
                    add(f, {{"source", s.source}}, s.refreshes);
                }},
    process_row{{"betanet_exporter_sd_refresh_failures_total",
                 MetricType::Counter,
                 "Readings of lists of targets that failed."},
                [](auto& f, auto& v) {
                  for (const auto& s : v.sources)
                    add(f, {{"source", s.source}}, s.failures);
                }},
    process_row{{"betanet_exporter_shard_info", MetricType::Gauge,
                 "Which part of all targets this process polls; the value is "
                 "always 1."},
                [](auto& f, auto& v) {
                  if (v.shard)
                    add(f,
                        {{"index", std::to_string(v.shard->index)},
                         {"count", std::to_string(v.shard->count)}},
                        1.0);
                }},
};

/// The families that `web.disable_exporter_metrics` leaves out.
constexpr std::array exporter_table{
    process_row{{"betanet_exporter_http_requests_total", MetricType::Counter,
                 "HTTP requests answered, by handler and status code."},
                [](auto& f, auto& v) {
                  for (const auto& r : v.front.requests)
                    add(f,
                        {{"handler", std::string{r.handler}},
                         {"code", std::to_string(r.code)}},
                        r.count);
                }},
    process_row{{"betanet_exporter_http_connections", MetricType::Gauge,
                 "Number of open HTTP connections."},
                [](auto& f, auto& v) { add(f, {}, v.front.connections); }},
    process_row{
        {"betanet_exporter_http_connections_rejected_total",
         MetricType::Counter,
         "HTTP connections closed because a limit was reached, by reason."},
        [](auto& f, auto& v) {
          add(f, {{"reason", "limit"}}, v.front.rejected_limit);
          add(f, {{"reason", "descriptors"}}, v.front.rejected_descriptors);
        }},
    process_row{{"process_cpu_seconds_total", MetricType::Counter,
                 "Total user and system CPU time spent in seconds."},
                [](auto& f, auto& v) { add_known(f, v.process.cpu_seconds); }},
    process_row{{"process_open_fds", MetricType::Gauge,
                 "Number of open file descriptors."},
                [](auto& f, auto& v) { add_known(f, v.process.open_fds); }},
    process_row{{"process_max_fds", MetricType::Gauge,
                 "Maximum number of open descriptors."},
                [](auto& f, auto& v) { add_known(f, v.process.max_fds); }},
    process_row{
        {"process_virtual_memory_bytes", MetricType::Gauge,
         "Virtual memory size in bytes."},
        [](auto& f, auto& v) { add_known(f, v.process.virtual_memory_bytes); }},
    process_row{{"process_virtual_memory_max_bytes", MetricType::Gauge,
                 "Maximum amount of virtual memory available in bytes."},
                [](auto& f, auto& v) {
                  add_known(f, v.process.virtual_memory_max_bytes);
                }},
    process_row{{"process_resident_memory_bytes", MetricType::Gauge,
                 "Resident memory size in bytes."},
                [](auto& f, auto& v) {
                  add_known(f, v.process.resident_memory_bytes);
                }},
    process_row{
        {"process_start_time_seconds", MetricType::Gauge,
         "Start time of the process since the Unix epoch in seconds."},
        [](auto& f, auto& v) { add_known(f, v.process.start_time_seconds); }},
    process_row{{"process_threads", MetricType::Gauge,
                 "Number of threads of the process."},
                [](auto& f, auto& v) { add_known(f, v.process.threads); }},
};

} // namespace

std::string process_wide(const process_view& v) {
  std::vector<MetricFamily> all;
  const auto add_families = [&](const auto& table) {
    for (const auto& row : table) {
      auto f = family(row);
      row.sample(f, v);
      if (!f.metric.empty())
        all.push_back(std::move(f));
    }
  };
  add_families(process_table);
  if (v.exporter_metrics)
    add_families(exporter_table);
  return text_of(all);
}

} // namespace betanet::metrics
