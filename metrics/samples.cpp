#include "metrics/samples_impl.hpp"

#include <prometheus/text_serializer.h>

#include <cmath>

namespace betanet::metrics {

namespace {

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

} // namespace

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
  prometheus::ClientMetric m;
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
  prometheus::ClientMetric m;
  m.label = std::move(l);
  m.histogram.sample_sum = sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    m.histogram.sample_count += counts[i];
    m.histogram.bucket.push_back(
        {m.histogram.sample_count, i < bounds.size() ? bounds[i] : INFINITY});
  }
  f.metric.push_back(std::move(m));
}

double unix_seconds(wall_time t) {
  using std::chrono::microseconds;
  return static_cast<double>(
             std::chrono::duration_cast<microseconds>(t.time_since_epoch())
                 .count()) /
         1e6;
}

MetricFamily family(const family_head& h) {
  return {h.name, h.help, h.type, {}};
}

std::string text_of(const std::vector<MetricFamily>& all) {
  return prometheus::TextSerializer{}.Serialize(all);
}

std::string sample_lines(const MetricFamily& f) {
  if (f.metric.empty())
    return {};
  auto text = text_of({f});
  text.erase(0, text.find('\n', text.find('\n') + 1) + 1);
  return f.type == MetricType::Histogram ? buckets_first(f, text) : text;
}

} // namespace betanet::metrics
