#include "metrics/families_impl.hpp"
#include "metrics/freshness.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>

namespace betanet::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

// -- samples -----------------------------------------------------------------

labels target_label(const std::string& target) {
  return target.empty() ? labels{} : labels{{"target", target}};
}

labels with(labels l, std::string_view key, std::string_view value) {
  l.push_back({std::string{key}, std::string{value}});
  return l;
}

labels with(const labels& l, endpoint e) {
  return with(l, "endpoint", name(e));
}

void add(MetricFamily& f, labels l, double value) {
  ClientMetric m;
  m.label = std::move(l);
  (f.type == MetricType::Counter ? m.counter.value : m.gauge.value) = value;
  f.metric.push_back(std::move(m));
}

void add(MetricFamily& f, labels l, std::uint64_t value) {
  add(f, std::move(l), static_cast<double>(value));
}

void add(MetricFamily& f, labels l, bool value) {
  add(f, std::move(l), value ? 1.0 : 0.0);
}

void add_histogram(MetricFamily& f, labels l, std::span<const double> bounds,
                   std::span<const std::uint64_t> counts, double sum) {
  ClientMetric m;
  m.label = std::move(l);
  m.histogram.sample_sum = sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    m.histogram.sample_count += counts[i];
    m.histogram.bucket.push_back(
        {m.histogram.sample_count, i < bounds.size() ? bounds[i] : INFINITY});
  }
  f.metric.push_back(std::move(m));
}

/// Unix time in seconds, cut to whole microseconds: the largest precision that
/// a double has for times of this century.
double unix_seconds(wall_time t) {
  using std::chrono::microseconds;
  return static_cast<double>(
             std::chrono::duration_cast<microseconds>(t.time_since_epoch())
                 .count()) /
         1e6;
}

// -- tables of families ------------------------------------------------------

struct family_head {
  const char* name;
  MetricType type;
  const char* help;
};

constexpr MetricType type_of(family_type t) {
  switch (t) {
  case family_type::gauge:
    return MetricType::Gauge;
  case family_type::counter:
    return MetricType::Counter;
  case family_type::histogram:
    return MetricType::Histogram;
  }
  return MetricType::Untyped;
}

constexpr family_head head_of(const family_row& row) {
  return {row.name, type_of(row.type), row.help};
}

constexpr family_head head_of(const counter_row& row) {
  return {row.family,
          row.is_histogram ? MetricType::Histogram : MetricType::Counter,
          row.help};
}

void sample(const family_row& row, MetricFamily& f, const labels& l,
            const snapshot& s, time_point now) {
  const auto value = visible(s, row, now);
  if (!value)
    return;
  if (row.type == family_type::histogram)
    add_histogram(f, l, *s.latency.bounds, s.latency.counts, s.latency.sum);
  else
    add(f, l, *value / row.divisor);
}

/// One family that shows the state of a target.
struct status_row : family_head {
  void (*sample)(MetricFamily&, const labels&, const snapshot&, time_point);
  /// Adds the samples that are not about a target; null: there are none.
  void (*sample_process)(MetricFamily&, const front_totals&) = nullptr;
};

/// No sample is added if no certificate is known.
void add_expiry(MetricFamily& f, labels l, std::string_view peer,
                const std::optional<std::chrono::sys_seconds>& expiry) {
  if (expiry)
    add(f, with(std::move(l), "peer", peer),
        static_cast<double>(expiry->time_since_epoch().count()));
}

/// Adds one sample for each endpoint.
template <class Value>
void by_endpoint(MetricFamily& f, const labels& l, Value value_of) {
  for (const auto e : all_endpoints)
    add(f, with(l, e), value_of(e));
}

constexpr std::array status_table{
    status_row{
        {"betanet_up", MetricType::Gauge,
         "Whether the latest poll of each of the three endpoints was good (1) "
         "or not (0)."},
        [](auto& f, auto& l, auto& s, auto) { add(f, l, up(s)); }},
    status_row{{"betanet_exporter_endpoint_up", MetricType::Gauge,
                "Whether the latest poll of the endpoint was good (1) or not "
                "(0)."},
               [](auto& f, auto& l, auto& s, auto) {
                 by_endpoint(f, l, [&](endpoint e) { return up(s, e); });
               }},
    status_row{{"betanet_exporter_stale", MetricType::Gauge,
                "Whether the endpoint's values are outdated (1) or from a good "
                "and recent poll (0)."},
               [](auto& f, auto& l, auto& s, auto now) {
                 by_endpoint(f, l,
                             [&](endpoint e) { return stale(s, e, now); });
               }},
    status_row{
        {"betanet_exporter_last_success_timestamp_seconds", MetricType::Gauge,
         "Unix time of the endpoint's latest good poll; 0 before the first "
         "one."},
        [](auto& f, auto& l, auto& s, auto) {
          by_endpoint(f, l, [&](endpoint e) {
            const auto& of = s.endpoints[index(e)];
            return of.last_good ? unix_seconds(of.last_good_wall) : 0.0;
          });
        }},
    status_row{{"betanet_exporter_circuit_breaker_state", MetricType::Gauge,
                "State of the endpoint's circuit breaker: 0 = closed, 1 = "
                "open, 2 = half-open."},
               [](auto& f, auto& l, auto& s, auto) {
                 by_endpoint(f, l, [&](endpoint e) {
                   return std::uint64_t{index(s.endpoints[index(e)].breaker)};
                 });
               }},
    status_row{{"betanet_exporter_request_timeout_seconds", MetricType::Gauge,
                "Time limit of the next request to the endpoint, where "
                "collection.timeout_mode is adaptive."},
               [](auto& f, auto& l, auto& s, auto) {
                 for (const auto e : all_endpoints)
                   if (const auto& t = s.endpoints[index(e)].request_timeout)
                     add(f, with(l, e),
                         std::chrono::duration<double>(*t).count());
               }},
    status_row{{"betanet_exporter_replica_up", MetricType::Gauge,
                "Whether polls may begin with the replica (1), or it rests "
                "because a request to it failed (0)."},
               [](auto& f, auto& l, auto& s, auto now) {
                 for (std::size_t i = 0; i < s.replicas.size(); ++i)
                   add(f, with(l, "replica", (*s.addresses)[i].url),
                       s.replicas[i].rests_until <= now);
               }},
    status_row{{"betanet_exporter_target_info", MetricType::Gauge,
                "URL of the target and what discovery tells of it; the value "
                "is always 1."},
               [](auto& f, auto& l, auto& s, auto) {
                 auto all = with(l, "url", s.url);
                 if (s.labels)
                   for (const auto& [name, value] : *s.labels)
                     all.push_back({name, value});
                 add(f, std::move(all), 1.0);
               }},
    status_row{
        {"betanet_exporter_collection_interval_seconds", MetricType::Gauge,
         "Time between two collections of the target."},
        [](auto& f, auto& l, auto& s, auto) {
          const std::chrono::duration<double> interval = s.rules.interval;
          add(f, l, interval.count());
        }},
    status_row{
        {"betanet_exporter_tls_cert_expiry_timestamp_seconds",
         MetricType::Gauge,
         "Unix time at which the first certificate of a chain expires: of the "
         "latest TLS handshake with Betanet (peer=\"upstream\"), or of this "
         "exporter's own (peer=\"listener\")."},
        [](auto& f, auto& l, auto& s, auto) {
          add_expiry(f, l, "upstream", s.certificate_expiry);
        },
        [](auto& f, auto& front) {
          add_expiry(f, {}, "listener", front.certificate_expiry);
        }},
};

constexpr family_head restarts_head{"betanet_exporter_actor_restarts_total",
                                    MetricType::Counter,
                                    "Actors that were restarted because they "
                                    "had failed."};

constexpr family_head replica_requests_head{
    "betanet_exporter_replica_requests_total", MetricType::Counter,
    "HTTP requests to the replica that were started."};

constexpr family_head counter_holds_head{
    "betanet_exporter_counter_holds_total", MetricType::Counter,
    "Values of counters that were not shown, because another replica had "
    "already given a higher one."};

/// One family that counts what scrapes found in the cache.
struct cache_row : family_head {
  std::uint64_t (*count)(const lookup_counts&);
};

constexpr std::array cache_table{
    cache_row{{"betanet_exporter_cache_requests_total", MetricType::Counter,
               "Cache lookups: one for each target on each scrape."},
              [](auto& n) { return n[0] + n[1] + n[2]; }},
    cache_row{{"betanet_exporter_cache_fresh_hits_total", MetricType::Counter,
               "Cache lookups that found values of all three endpoints that "
               "were younger than cache.ttl."},
              [](auto& n) { return n[index(lookup::fresh)]; }},
    cache_row{
        {"betanet_exporter_cache_expired_hits_total", MetricType::Counter,
         "Cache lookups that found older values: about a third of all on a "
         "healthy system with cache.ttl 10s below collection.interval 15s."},
        [](auto& n) { return n[index(lookup::expired)]; }},
    cache_row{{"betanet_exporter_cache_misses_total", MetricType::Counter,
               "Cache lookups that found no value to show."},
              [](auto& n) { return n[index(lookup::miss)]; }},
};
static_assert(lookup_count == 3,
              "cache_requests_total adds the counts of all kinds of lookup");

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

// -- text --------------------------------------------------------------------

MetricFamily family(const family_head& h) {
  return {h.name, h.help, h.type, {}};
}

std::string text_of(const MetricFamily& f) {
  return prometheus::TextSerializer{}.Serialize({f});
}

/// Moves `_count` and `_sum`, with which prometheus-cpp begins a histogram,
/// behind its buckets.
std::string buckets_first(const MetricFamily& f, std::string_view lines) {
  const auto take = [&](std::size_t count) {
    std::size_t end = 0;
    for (; count > 0; --count)
      end = lines.find('\n', end) + 1;
    const auto taken = lines.substr(0, end);
    lines.remove_prefix(end);
    return taken;
  };
  std::string text;
  for (const auto& m : f.metric) {
    const auto count = take(1);
    const auto sum = take(1);
    text.append(take(m.histogram.bucket.size())).append(sum).append(count);
  }
  return text;
}

/// The sample lines of a family, without the HELP and TYPE lines.
std::string sample_lines(const MetricFamily& f) {
  if (f.metric.empty())
    return {};
  auto text = text_of(f);
  text.erase(0, text.find('\n', text.find('\n') + 1) + 1);
  return f.type == MetricType::Histogram ? buckets_first(f, text) : text;
}

void add_replica_lines(family_lines& lines, const labels& l,
                       const activity& a) {
  auto requests = family(replica_requests_head);
  for (const auto& [url, n] : a.replica_requests)
    add(requests, with(l, "replica", url), n);
  lines.push_back(sample_lines(requests));
  auto holds = family(counter_holds_head);
  if (a.counter_holds)
    add(holds, l, *a.counter_holds);
  lines.push_back(sample_lines(holds));
}

/// Adds the counters of one endpoint to a family.
class counter_samples : public sample_sink {
public:
  counter_samples(MetricFamily& f, labels l) : family_(f), l_(std::move(l)) {}

  void count(std::uint64_t n) override { add(family_, l_, n); }
  void count(std::string_view label, std::string_view value,
             std::uint64_t n) override {
    add(family_, with(l_, label, value), n);
  }
  void observations(std::span<const double> bounds,
                    std::span<const std::uint64_t> counts,
                    double sum) override {
    add_histogram(family_, l_, bounds, counts, sum);
  }

private:
  MetricFamily& family_;
  labels l_;
};

} // namespace

const family_lines& target_heads() {
  static const auto all = [] {
    family_lines lines;
    for (const auto& row : family_table)
      lines.push_back(text_of(family(head_of(row))));
    for (const auto& row : status_table)
      lines.push_back(text_of(family(row)));
    return lines;
  }();
  return all;
}

family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now) {
  const auto l = target_label(target);
  family_lines lines;
  for (const auto& row : family_table) {
    auto f = family(head_of(row));
    sample(row, f, l, s, now);
    lines.push_back(sample_lines(f));
  }
  for (const auto& row : status_table) {
    auto f = family(row);
    row.sample(f, l, s, now);
    lines.push_back(sample_lines(f));
  }
  return lines;
}

family_lines process_lines(const front_totals& front) {
  family_lines lines(family_table.size()); // Betanet's values have none
  for (const auto& row : status_table) {
    auto f = family(row);
    if (row.sample_process)
      row.sample_process(f, front);
    lines.push_back(sample_lines(f));
  }
  return lines;
}

const family_lines& activity_heads() {
  static const auto all = [] {
    family_lines lines;
    for (const auto& row : counter_table)
      lines.push_back(text_of(family(head_of(row))));
    for (const auto& h :
         {restarts_head, replica_requests_head, counter_holds_head})
      lines.push_back(text_of(family(h)));
    return lines;
  }();
  return all;
}

family_lines activity_lines(const std::string& target, const activity& a) {
  const auto l = target_label(target);
  family_lines lines;
  for (const auto& row : counter_table) {
    auto f = family(head_of(row));
    for (const auto e : all_endpoints) {
      counter_samples samples{f, with(l, e)};
      row.sample(a.endpoints[index(e)], samples);
    }
    lines.push_back(sample_lines(f));
  }
  auto f = family(restarts_head);
  add(f, with(l, "actor", "fetcher"), a.restarts.fetcher);
  add(f, with(l, "actor", "aggregator"), a.restarts.aggregator);
  lines.push_back(sample_lines(f));
  add_replica_lines(lines, l, a);
  return lines;
}

const family_lines& cache_heads() {
  static const auto all = [] {
    family_lines lines;
    for (const auto& row : cache_table)
      lines.push_back(text_of(family(row)));
    return lines;
  }();
  return all;
}

family_lines cache_lines(const std::string& target,
                         const lookup_counts& lookups) {
  family_lines lines;
  for (const auto& row : cache_table) {
    auto f = family(row);
    add(f, target_label(target), row.count(lookups));
    lines.push_back(sample_lines(f));
  }
  return lines;
}

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
  return prometheus::TextSerializer{}.Serialize(all);
}

} // namespace betanet::metrics
