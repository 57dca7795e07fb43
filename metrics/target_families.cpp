#include "metrics/families_impl.hpp"
#include "metrics/freshness.hpp"

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

void add_value(sample_writer& to, const family_row& row, const target_view& t,
               time_point now) {
  const auto& s = t.snapshot;
  const auto value = visible(s, row, now);
  if (!value)
    return;
  if (row.type == family_type::histogram)
    to.add_histogram(t.alone, *s.latency.bounds, s.latency.counts,
                     s.latency.sum);
  else
    to.add(t.alone, *value / row.divisor);
}

/// One family that shows the state of a target.
struct status_row : family_head {
  void (*sample)(sample_writer&, const target_view&, time_point);
  /// Adds the samples that are not about a target; null: there are none.
  void (*sample_process)(sample_writer&, const front_totals&) = nullptr;
};

/// No sample is added if no certificate is known.
void add_expiry(sample_writer& to, const labels& l, std::string_view peer,
                const std::optional<std::chrono::sys_seconds>& expiry) {
  if (expiry)
    to.add(l, "peer", peer, expiry->time_since_epoch().count());
}

/// Adds one sample for each endpoint.
template <class Value>
void by_endpoint(sample_writer& to, const target_view& t, Value value_of) {
  for (const auto e : all_endpoints)
    to.add(t.with_endpoint[index(e)], value_of(e));
}

constexpr std::array status_table{
    status_row{
        {"betanet_up", MetricType::Gauge,
         "Whether the latest poll of each of the three endpoints was good (1) "
         "or not (0)."},
        [](auto& to, auto& t, auto) { to.add(t.alone, up(t.snapshot)); }},
    status_row{{"betanet_exporter_endpoint_up", MetricType::Gauge,
                "Whether the latest poll of the endpoint was good (1) or not "
                "(0)."},
               [](auto& to, auto& t, auto) {
                 by_endpoint(to, t,
                             [&](endpoint e) { return up(t.snapshot, e); });
               }},
    status_row{{"betanet_exporter_stale", MetricType::Gauge,
                "Whether the endpoint's values are outdated (1) or from a good "
                "and recent poll (0)."},
               [](auto& to, auto& t, auto now) {
                 by_endpoint(to, t, [&](endpoint e) {
                   return stale(t.snapshot, e, now);
                 });
               }},
    status_row{
        {"betanet_exporter_last_success_timestamp_seconds", MetricType::Gauge,
         "Unix time of the endpoint's latest good poll; 0 before the first "
         "one."},
        [](auto& to, auto& t, auto) {
          by_endpoint(to, t, [&](endpoint e) {
            const auto& of = t.snapshot.endpoints[index(e)];
            return of.last_good ? unix_seconds(of.last_good_wall) : 0.0;
          });
        }},
    status_row{{"betanet_exporter_circuit_breaker_state", MetricType::Gauge,
                "State of the endpoint's circuit breaker: 0 = closed, 1 = "
                "open, 2 = half-open."},
               [](auto& to, auto& t, auto) {
                 by_endpoint(to, t, [&](endpoint e) {
                   return index(t.snapshot.endpoints[index(e)].breaker);
                 });
               }},
    status_row{{"betanet_exporter_request_timeout_seconds", MetricType::Gauge,
                "Time limit of the next request to the endpoint, where "
                "collection.timeout_mode is adaptive."},
               [](auto& to, auto& t, auto) {
                 for (const auto e : all_endpoints)
                   if (const auto& limit =
                           t.snapshot.endpoints[index(e)].request_timeout)
                     to.add(t.with_endpoint[index(e)],
                            std::chrono::duration<double>(*limit).count());
               }},
    status_row{{"betanet_exporter_replica_up", MetricType::Gauge,
                "Whether polls may begin with the replica (1), or it rests "
                "because a request to it failed (0)."},
               [](auto& to, auto& t, auto now) {
                 const auto& s = t.snapshot;
                 for (std::size_t i = 0; i < s.replicas.size(); ++i)
                   to.add(t.alone, "replica", (*s.addresses)[i].url,
                          s.replicas[i].rests_until <= now);
               }},
    status_row{{"betanet_exporter_target_info", MetricType::Gauge,
                "URL of the target and what discovery tells of it; the value "
                "is always 1."},
               [](auto& to, auto& t, auto) {
                 labels all = t.alone;
                 all.add("url", t.snapshot.url);
                 if (t.snapshot.labels)
                   for (const auto& [name, value] : *t.snapshot.labels)
                     all.add(name, value);
                 to.add(all, 1);
               }},
    status_row{{"betanet_exporter_collection_interval_seconds",
                MetricType::Gauge,
                "Time between two collections of the target."},
               [](auto& to, auto& t, auto) {
                 const std::chrono::duration<double> interval =
                     t.snapshot.rules.interval;
                 to.add(t.alone, interval.count());
               }},
    status_row{
        {"betanet_exporter_tls_cert_expiry_timestamp_seconds",
         MetricType::Gauge,
         "Unix time at which the first certificate of a chain expires: of the "
         "latest TLS handshake with Betanet (peer=\"upstream\"), or of this "
         "exporter's own (peer=\"listener\")."},
        [](auto& to, auto& t, auto) {
          add_expiry(to, t.alone, "upstream", t.snapshot.certificate_expiry);
        },
        [](auto& to, auto& front) {
          add_expiry(to, {}, "listener", front.certificate_expiry);
        }},
};

} // namespace

target_view::target_view(const std::string& target, const metrics::snapshot& s)
    : alone(target_label(target)), snapshot(s) {
  for (const auto e : all_endpoints)
    with_endpoint[index(e)] = labels{alone}.add("endpoint", name(e));
}

const family_lines& target_heads() {
  static const auto all = [] {
    auto heads = head_texts(family_table, head_of);
    for (auto& h : head_texts(status_table))
      heads.push_back(std::move(h));
    return heads;
  }();
  return all;
}

void add_target(family_lines& to, const target_view& t, time_point now) {
  auto text = to.begin();
  for (const auto& row : family_table) {
    sample_writer writer{*text++, row.name};
    add_value(writer, row, t, now);
  }
  for (const auto& row : status_table) {
    sample_writer writer{*text++, row.name};
    row.sample(writer, t, now);
  }
}

void add_front(family_lines& to, const front_totals& front) {
  auto text = to.begin() + family_table.size(); // Betanet's values have none
  for (const auto& row : status_table) {
    sample_writer writer{*text++, row.name};
    if (row.sample_process)
      row.sample_process(writer, front);
  }
}

} // namespace betanet::metrics
