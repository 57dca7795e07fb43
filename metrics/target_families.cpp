#include "metrics/families_impl.hpp"
#include "metrics/freshness.hpp"
#include "metrics/samples_impl.hpp"

namespace betanet::metrics {

namespace {

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

} // namespace

const family_lines& target_heads() {
  static const auto all = [] {
    family_lines lines;
    for (const auto& row : family_table)
      lines.push_back(text_of({family(head_of(row))}));
    for (const auto& row : status_table)
      lines.push_back(text_of({family(row)}));
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

} // namespace betanet::metrics
