#pragma once

// How samples are added to a family of prometheus-cpp and become text.

#include "metrics/types.hpp"

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace betanet::metrics {

using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<prometheus::ClientMetric::Label>;

/// The label `target`; none if the name is empty.
labels target_label(const std::string& target);

labels with(labels l, std::string_view key, std::string_view value);
labels with(const labels& l, endpoint e);

void add(MetricFamily& f, labels l, double value);
void add(MetricFamily& f, labels l, std::uint64_t value);
void add(MetricFamily& f, labels l, bool value);

/// `counts[i]` is the number of values in bucket i alone, not cumulated; the
/// last bucket is unbounded.
void add_histogram(MetricFamily& f, labels l, std::span<const double> bounds,
                   std::span<const std::uint64_t> counts, double sum);

/// Unix time in seconds, cut to whole microseconds: the largest precision that
/// a double has for times of this century.
double unix_seconds(wall_time t);

/// A row of a table of families.
struct family_head {
  const char* name;
  MetricType type;
  const char* help;
};

/// A family without samples.
MetricFamily family(const family_head& h);

/// The HELP and TYPE lines of families, and their samples.
std::string text_of(const std::vector<MetricFamily>& all);

/// The sample lines of a family, without the HELP and TYPE lines.
std::string sample_lines(const MetricFamily& f);

} // namespace betanet::metrics
