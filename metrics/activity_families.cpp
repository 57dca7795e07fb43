#include "metrics/families_impl.hpp"

namespace betanet::metrics {

namespace {

constexpr family_head head_of(const counter_row& row) {
  return {row.family,
          row.is_histogram ? MetricType::Histogram : MetricType::Counter,
          row.help};
}

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

/// Adds the counters of one endpoint to a family.
class counter_samples : public sample_sink {
public:
  counter_samples(sample_writer& to, const labels& l) : to_(to), labels_(l) {}

  void count(std::uint64_t n) override { to_.add(labels_, n); }
  void count(std::string_view label, std::string_view value,
             std::uint64_t n) override {
    to_.add(labels_, label, value, n);
  }
  void observations(std::span<const double> bounds,
                    std::span<const std::uint64_t> counts,
                    double sum) override {
    to_.add_histogram(labels_, bounds, counts, sum);
  }

private:
  sample_writer& to_;
  const labels& labels_;
};

/// A family of which each target may have several samples.
struct activity_row : family_head {
  void (*sample)(sample_writer&, const labels&, const activity&);
};

constexpr std::array activity_table{
    activity_row{{"betanet_exporter_actor_restarts_total", MetricType::Counter,
                  "Actors that were restarted because they had failed."},
                 [](auto& to, auto& l, auto& a) {
                   to.add(l, "actor", "fetcher", a.restarts.fetcher);
                   to.add(l, "actor", "aggregator", a.restarts.aggregator);
                 }},
    activity_row{{"betanet_exporter_replica_requests_total",
                  MetricType::Counter,
                  "HTTP requests to the replica that were started."},
                 [](auto& to, auto& l, auto& a) {
                   for (const auto& [url, n] : a.replica_requests)
                     to.add(l, "replica", url, n);
                 }},
    activity_row{{"betanet_exporter_counter_holds_total", MetricType::Counter,
                  "Values of counters that were not shown, because another "
                  "replica had already given a higher one."},
                 [](auto& to, auto& l, auto& a) {
                   if (a.counter_holds)
                     to.add(l, *a.counter_holds);
                 }},
};

void add_samples(sample_writer& to, const counter_row& row,
                 const activity_view& target) {
  for (const auto e : all_endpoints) {
    counter_samples samples{to, target.with_endpoint[index(e)]};
    row.sample(target.counts.endpoints[index(e)], samples);
  }
}

} // namespace

activity_view::activity_view(const std::string& target, activity counted)
    : alone(target_label(target)), counts(std::move(counted)) {
  for (const auto e : all_endpoints)
    with_endpoint[index(e)] = labels{alone}.add("endpoint", name(e));
}

const family_lines& activity_heads() {
  static const auto all = [] {
    auto heads = head_texts(counter_table, head_of);
    for (auto& h : head_texts(activity_table))
      heads.push_back(std::move(h));
    return heads;
  }();
  return all;
}

void add_activity(family_lines& to, const activity_view& t) {
  auto text = to.begin();
  for (const auto& row : counter_table) {
    sample_writer writer{*text++, row.family};
    add_samples(writer, row, t);
  }
  for (const auto& row : activity_table) {
    sample_writer writer{*text++, row.name};
    row.sample(writer, t.alone, t.counts);
  }
}

const family_lines& lookup_heads() {
  static const auto all = head_texts(cache_table);
  return all;
}

void add_lookups(family_lines& to, const labels& target,
                 const lookup_counts& counts) {
  auto text = to.begin();
  for (const auto& row : cache_table)
    sample_writer{*text++, row.name}.add(target, row.count(counts));
}

} // namespace betanet::metrics
