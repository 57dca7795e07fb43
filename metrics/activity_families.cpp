#include "metrics/families_impl.hpp"
#include "metrics/samples_impl.hpp"

namespace betanet::metrics {

namespace {

constexpr family_head head_of(const counter_row& row) {
  return {row.family,
          row.is_histogram ? MetricType::Histogram : MetricType::Counter,
          row.help};
}

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

const family_lines& activity_heads() {
  static const auto all = [] {
    family_lines lines;
    for (const auto& row : counter_table)
      lines.push_back(text_of({family(head_of(row))}));
    for (const auto& h :
         {restarts_head, replica_requests_head, counter_holds_head})
      lines.push_back(text_of({family(h)}));
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
      lines.push_back(text_of({family(row)}));
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

} // namespace betanet::metrics
