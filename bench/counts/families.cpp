#include "bench/counts/families.hpp"

#include <cstdlib>
#include <sstream>
#include <string_view>

namespace betanet::counts {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// One line of a page that is not a comment.
struct sample {
  std::string name;
  std::vector<ClientMetric::Label> labels;
  std::string bound; ///< The label `le`.
  double value = 0;
};

/// Reads a line such as `name{key="value",le="1"} 5`. No value of a label in
/// our pages has a quotation mark.
sample read(const std::string& line) {
  sample s;
  auto at = line.find_first_of("{ ");
  s.name = line.substr(0, at);
  while (line[at] != ' ') {
    if (line[at + 1] == '}') {
      at += 2;
      break;
    }
    const auto equals = line.find('=', at);
    const auto end = line.find('"', equals + 2);
    const auto key = line.substr(at + 1, equals - at - 1);
    const auto value = line.substr(equals + 2, end - equals - 2);
    if (key == "le")
      s.bound = value;
    else
      s.labels.push_back({key, value});
    at = line[end + 1] == '}' ? end + 2 : end + 1;
  }
  s.value = std::strtod(line.c_str() + at, nullptr);
  return s;
}

MetricType type_of(std::string_view name) {
  return name == "counter"     ? MetricType::Counter
         : name == "histogram" ? MetricType::Histogram
                               : MetricType::Gauge;
}

/// A histogram is a series of buckets, `_sum` and `_count`, in this order.
void add_to_histogram(MetricFamily& f, const sample& s) {
  const bool first = f.metric.empty() || f.metric.back().label != s.labels;
  if (first)
    f.metric.emplace_back().label = s.labels;
  auto& h = f.metric.back().histogram;
  const auto count = static_cast<std::uint64_t>(s.value);
  if (!s.bound.empty())
    h.bucket.push_back({count, std::strtod(s.bound.c_str(), nullptr)});
  else if (s.name.ends_with("_sum"))
    h.sample_sum = s.value;
  else
    h.sample_count = count;
}

void add(MetricFamily& f, const sample& s) {
  if (f.type == MetricType::Histogram)
    return add_to_histogram(f, s);
  auto& m = f.metric.emplace_back();
  m.label = s.labels;
  (f.type == MetricType::Counter ? m.counter.value : m.gauge.value) = s.value;
}

} // namespace

std::vector<MetricFamily> families_of(const std::string& page) {
  std::vector<MetricFamily> all;
  std::istringstream lines{page};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string hash, kind, name;
    if (!line.starts_with('#')) {
      add(all.back(), read(line));
      continue;
    }
    words >> hash >> kind >> name >> std::ws;
    if (kind == "HELP") {
      all.emplace_back().name = name;
      std::getline(words, all.back().help);
    } else {
      std::string type;
      words >> type;
      all.back().type = type_of(type);
    }
  }
  return all;
}

} // namespace betanet::counts
