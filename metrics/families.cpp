#include "metrics/families.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>

namespace betanet::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;
using families = std::vector<MetricFamily>;

// -- vocabulary --------------------------------------------------------------

constexpr std::array handler_names{"metrics", "health", "healthy",
                                   "ready",   "reload", "sd",
                                   "config",  "index",  "other"};

struct family_head {
  const char* name;
  MetricType type;
  const char* help;
};

struct value_head : family_head {
  field from;
};

constexpr std::array value_heads{
    value_head{{"betanet_connected_peers", MetricType::Gauge,
                "Number of connected peers (Betanet nodes_status.total_nodes, "
                "polled and cached)."},
               field::total_nodes},
    value_head{{"betanet_mixnode_active", MetricType::Gauge,
                "Number of active mixnodes (Betanet nodes_status.active_nodes, "
                "polled and cached)."},
               field::active_nodes},
    value_head{{"betanet_mixnode_inactive", MetricType::Gauge,
                "Number of inactive mixnodes (Betanet "
                "nodes_status.inactive_nodes, polled and cached)."},
               field::inactive_nodes},
    value_head{{"betanet_packets_processed_total", MetricType::Counter,
                "Total packets processed (Betanet metrics.packets_processed, "
                "polled and cached)."},
               field::packets_processed},
    value_head{{"betanet_packets_dropped_total", MetricType::Counter,
                "Total packets dropped (Betanet metrics.packets_dropped, "
                "polled and cached)."},
               field::packets_dropped},
    value_head{{"betanet_bytes_transmitted_total", MetricType::Counter,
                "Total bytes transmitted (Betanet "
                "network_stats.bytes_transmitted, polled and cached)."},
               field::bytes_transmitted},
    value_head{{"betanet_bytes_received_total", MetricType::Counter,
                "Total bytes received (Betanet network_stats.bytes_received, "
                "polled and cached)."},
               field::bytes_received},
    value_head{{"betanet_peak_throughput", MetricType::Gauge,
                "Peak throughput as Betanet reports it (Betanet "
                "network_stats.peak_throughput, polled and cached)."},
               field::peak_throughput},
    value_head{
        {"betanet_message_latency_seconds", MetricType::Histogram,
         "Message latency in seconds: Betanet's average "
         "(network_stats.avg_latency_ms), polled, cached and observed once per "
         "poll."},
        field::avg_latency_ms},
};

constexpr std::array status_heads{
    family_head{
        "betanet_up", MetricType::Gauge,
        "Whether the latest finished poll of all three endpoints was good."},
    family_head{"betanet_exporter_endpoint_up", MetricType::Gauge,
                "Whether the latest finished poll of the endpoint was good."},
    family_head{
        "betanet_exporter_stale", MetricType::Gauge,
        "Whether the endpoint's values are not those of a good and recent "
        "poll."},
    family_head{
        "betanet_exporter_last_success_timestamp_seconds", MetricType::Gauge,
        "When the endpoint was last polled well, Unix time; 0 before the "
        "first."},
    family_head{"betanet_exporter_circuit_breaker_state", MetricType::Gauge,
                "The endpoint's circuit breaker: 0 = closed, 1 = open, 2 = "
                "half-open."},
};

constexpr std::array activity_family_heads{
    family_head{"betanet_exporter_requests_total", MetricType::Counter,
                "Attempts made: first tries, retries and probes."},
    family_head{"betanet_exporter_retries_total", MetricType::Counter,
                "Attempts that repeated a failed one."},
    family_head{"betanet_exporter_request_failures_total", MetricType::Counter,
                "Attempts that failed."},
    family_head{"betanet_exporter_request_duration_seconds",
                MetricType::Histogram, "How long attempts took."},
    family_head{"betanet_exporter_polls_skipped_total", MetricType::Counter,
                "Ticks that met a running poll of the endpoint."},
    family_head{"betanet_exporter_circuit_breaker_transitions_total",
                MetricType::Counter, "Circuit breaker states entered."},
    family_head{"betanet_exporter_circuit_breaker_rejections_total",
                MetricType::Counter, "Ticks refused by the circuit breaker."},
    family_head{"betanet_exporter_actor_restarts_total", MetricType::Counter,
                "Actors that died and were replaced."},
};

constexpr std::array cache_family_heads{
    family_head{"betanet_exporter_cache_requests_total", MetricType::Counter,
                "Targets looked up in the cache by scrapes."},
    family_head{"betanet_exporter_cache_fresh_hits_total", MetricType::Counter,
                "Lookups that met values younger than the TTL for all three "
                "endpoints."},
    family_head{
        "betanet_exporter_cache_stale_hits_total", MetricType::Counter,
        "Lookups that met older values, healthy but expired ones included."},
    family_head{"betanet_exporter_cache_misses_total", MetricType::Counter,
                "Lookups that met no value."},
};

MetricFamily family(const family_head& h) {
  return {h.name, h.help, h.type, {}};
}

// -- samples -----------------------------------------------------------------

labels target_label(const std::string& target) {
  return target.empty() ? labels{} : labels{{"target", target}};
}

labels with(labels l, const char* key, std::string_view value) {
  l.push_back({key, std::string{value}});
  return l;
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

template <class Bounds, class Counts>
void add_histogram(MetricFamily& f, labels l, const Bounds& bounds,
                   const Counts& counts, double sum) {
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

/// Unix time with microseconds: more digits than a double can hold are noise.
double unix_seconds(wall_time t) {
  using std::chrono::microseconds;
  return static_cast<double>(
             std::chrono::duration_cast<microseconds>(t.time_since_epoch())
                 .count()) /
         1e6;
}

MetricFamily value_family(const value_head& h, const labels& l,
                          const snapshot& s, time_point now) {
  auto f = family(h);
  const auto value = visible(s, h.from, now);
  if (!value)
    return f;
  if (h.type == MetricType::Histogram)
    add_histogram(f, l, *s.latency.bounds, s.latency.counts, s.latency.sum);
  else
    add(f, l, *value);
  return f;
}

families target_families(const labels& l, const snapshot& s, time_point now) {
  families all;
  for (const auto& h : value_heads)
    all.push_back(value_family(h, l, s, now));
  families status;
  for (const auto& h : status_heads)
    status.push_back(family(h));
  add(status[0], l, up(s) ? 1.0 : 0.0);
  for (const auto e : all_endpoints) {
    const auto le = with(l, "endpoint", name(e));
    const auto& of = s.endpoints[index(e)];
    add(status[1], le, up(s, e) ? 1.0 : 0.0);
    add(status[2], le, stale(s, e, now) ? 1.0 : 0.0);
    add(status[3], le, of.last_good ? unix_seconds(of.last_good_wall) : 0.0);
    add(status[4], le, static_cast<double>(of.breaker));
  }
  std::move(status.begin(), status.end(), std::back_inserter(all));
  return all;
}

// -- counters ----------------------------------------------------------------

void operator+=(endpoint_counters& to, const endpoint_counters& from);

template <class A>
void add_each(A& to, const A& from) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] += from[i];
}

void operator+=(endpoint_counters& to, const endpoint_counters& from) {
  to.requests += from.requests;
  to.retries += from.retries;
  to.skipped += from.skipped;
  to.rejected += from.rejected;
  add_each(to.failures, from.failures);
  add_each(to.transitions, from.transitions);
  add_each(to.request_duration.counts, from.request_duration.counts);
  to.request_duration.sum += from.request_duration.sum;
}

void add_endpoint(families& f, const labels& l, const endpoint_counters& c) {
  add(f[0], l, c.requests);
  add(f[1], l, c.retries);
  for (std::size_t r = 0; r < reason_count; ++r)
    add(f[2], with(l, "reason", name(static_cast<reason>(r))), c.failures[r]);
  add_histogram(f[3], l, request_duration_bounds, c.request_duration.counts,
                c.request_duration.sum);
  add(f[4], l, c.skipped);
  for (std::size_t i = 0; i < c.transitions.size(); ++i)
    add(f[5], with(l, "to", name(static_cast<circuit::state>(i))),
        c.transitions[i]);
  add(f[6], l, c.rejected);
}

families activity_families(const labels& l, const activity& c) {
  families f;
  for (const auto& h : activity_family_heads)
    f.push_back(family(h));
  for (const auto e : all_endpoints)
    add_endpoint(f, with(l, "endpoint", name(e)), c.endpoints[index(e)]);
  add(f[7], with(l, "actor", "fetcher"), c.restarts.fetcher);
  add(f[7], with(l, "actor", "aggregator"), c.restarts.aggregator);
  return f;
}

// -- text --------------------------------------------------------------------

std::string text_of(const MetricFamily& f) {
  return prometheus::TextSerializer{}.Serialize({f});
}

template <class Heads>
family_lines heads_of(const Heads& heads) {
  family_lines lines;
  for (const auto& h : heads)
    lines.push_back(text_of(family(h)));
  return lines;
}

/// The sample lines of each family, without the HELP and TYPE lines.
family_lines sample_lines(const families& all) {
  family_lines lines;
  for (const auto& f : all) {
    auto text = f.metric.empty() ? std::string{} : text_of(f);
    if (!text.empty())
      text.erase(0, text.find('\n', text.find('\n') + 1) + 1);
    lines.push_back(std::move(text));
  }
  return lines;
}

void add_one(families& all, const family_head& h, double value) {
  if (value < 0)
    return; // could not be read
  all.push_back(family(h));
  add(all.back(), {}, value);
}

void add_process(families& all, const process_stats& p) {
  using enum MetricType;
  add_one(all,
          {"process_cpu_seconds_total", Counter,
           "Total user and system CPU time spent in seconds."},
          p.cpu_seconds);
  add_one(all, {"process_open_fds", Gauge, "Number of open file descriptors."},
          p.open_fds);
  add_one(all,
          {"process_max_fds", Gauge, "Maximum number of open descriptors."},
          p.max_fds);
  add_one(
      all,
      {"process_virtual_memory_bytes", Gauge, "Virtual memory size in bytes."},
      p.virtual_memory_bytes);
  add_one(all,
          {"process_virtual_memory_max_bytes", Gauge,
           "Maximum amount of virtual memory available in bytes."},
          p.virtual_memory_max_bytes);
  add_one(all,
          {"process_resident_memory_bytes", Gauge,
           "Resident memory size in bytes."},
          p.resident_memory_bytes);
  add_one(all,
          {"process_start_time_seconds", Gauge,
           "Start time of the process since the Unix epoch in seconds."},
          p.start_time_seconds);
  add_one(all, {"process_threads", Gauge, "Number of threads of the process."},
          p.threads);
}

void add_front(families& all, const front_totals& front) {
  using enum MetricType;
  all.push_back(family({"betanet_exporter_http_requests_total", Counter,
                        "HTTP requests answered."}));
  for (std::size_t i = 0; i < handler_count; ++i)
    for (const int code : codes(static_cast<handler>(i))) {
      const auto found = front.requests.find({static_cast<handler>(i), code});
      add(all.back(),
          {{"handler", std::string{name(static_cast<handler>(i))}},
           {"code", std::to_string(code)}},
          found == front.requests.end() ? 0 : found->second);
    }
  all.push_back(family({"betanet_exporter_http_connections", Gauge,
                        "HTTP connections open now."}));
  add(all.back(), {}, front.connections);
  all.push_back(
      family({"betanet_exporter_http_connections_rejected_total", Counter,
              "HTTP connections closed to stay within a "
              "limit."}));
  add(all.back(), {{"reason", "limit"}}, front.rejected_limit);
  add(all.back(), {{"reason", "descriptors"}}, front.rejected_descriptors);
}

} // namespace

std::string_view name(handler h) {
  return handler_names[static_cast<std::size_t>(h)];
}

std::span<const int> codes(handler h) {
  // 401, 429, 500 and 503 are also the guard's
  static constexpr std::array probed{200, 405, 503};
  static constexpr std::array probed_by_name{200, 404, 405, 503};
  static constexpr std::array guarded{200, 401, 405, 429, 500, 503};
  static constexpr std::array guarded_by_name{200, 401, 404, 405,
                                              429, 500, 503};
  static constexpr std::array other{200, 400, 401, 404, 413, 417,
                                    429, 431, 500, 503, 505};
  switch (h) {
  case handler::health:
    return probed_by_name;
  case handler::healthy:
  case handler::ready:
    return probed;
  case handler::metrics:
  case handler::index:
    return guarded_by_name;
  case handler::sd:
  case handler::config:
  case handler::reload:
    return guarded;
  default:
    return other;
  }
}

void activity::operator+=(const activity& other) {
  add_each(endpoints, other.endpoints);
  restarts.fetcher += other.restarts.fetcher;
  restarts.aggregator += other.restarts.aggregator;
}

const family_lines& target_heads() {
  static const family_lines all = [] {
    auto lines = heads_of(value_heads);
    for (auto& line : heads_of(status_heads))
      lines.push_back(std::move(line));
    return lines;
  }();
  return all;
}

const family_lines& activity_heads() {
  static const auto all = heads_of(activity_family_heads);
  return all;
}

const family_lines& cache_heads() {
  static const auto all = heads_of(cache_family_heads);
  return all;
}

family_lines target_lines(const std::string& target, const snapshot& s,
                          time_point now) {
  return sample_lines(target_families(target_label(target), s, now));
}

family_lines activity_lines(const std::string& target, const activity& c) {
  return sample_lines(activity_families(target_label(target), c));
}

family_lines cache_lines(const std::string& target, const hit_counts& hits) {
  families f;
  for (const auto& h : cache_family_heads)
    f.push_back(family(h));
  const auto l = target_label(target);
  add(f[0], l, hits[0] + hits[1] + hits[2]);
  for (std::size_t i = 0; i < hits.size(); ++i)
    add(f[1 + i], l, hits[i]);
  return sample_lines(f);
}

std::string process_wide(const front_totals& front,
                         const process_stats& process, const build_info& build,
                         const reload_status& reload) {
  using enum MetricType;
  families all;
  add_front(all, front);
  all.push_back(family({"betanet_exporter_build_info", Gauge,
                        "How this binary was built; always 1."}));
  add(all.back(),
      {{"version", build.version},
       {"revision", build.revision},
       {"compiler", build.compiler},
       {"caf_version", build.caf_version},
       {"boost_version", build.boost_version}},
      1.0);
  add_one(all,
          {"betanet_exporter_config_last_reload_successful", Gauge,
           "Whether the latest load of the configuration succeeded."},
          reload.successful ? 1 : 0);
  add_one(all,
          {"betanet_exporter_config_last_reload_success_timestamp_seconds",
           Gauge, "When the configuration was last loaded, Unix time."},
          unix_seconds(reload.succeeded_at));
  add_process(all, process);
  return prometheus::TextSerializer{}.Serialize(all);
}

} // namespace betanet::metrics
