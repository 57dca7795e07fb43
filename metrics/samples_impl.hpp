#pragma once

// How heads and samples of metric families become text. Samples are written
// without prometheus-cpp's serializer, which takes ten times as long; a suite
// compares the two.

#include "metrics/types.hpp"

#include <prometheus/metric_type.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace betanet::metrics {

using prometheus::MetricType;

/// The labels of a sample as text, with escaped values:
/// `target="eu-1",endpoint="metrics"`.
class labels {
public:
  labels() = default;
  labels(
      std::initializer_list<std::pair<std::string_view, std::string_view>> l);

  labels& add(std::string_view key, std::string_view value);
  const std::string& text() const { return text_; }

private:
  std::string text_;
};

/// The label `target`; none if the name is empty.
labels target_label(const std::string& target);

/// A row of a table of families.
struct family_head {
  const char* name;
  MetricType type;
  const char* help;
};

/// Appends the sample lines of one family to a text.
class sample_writer {
public:
  /// Both must outlive the writer.
  sample_writer(std::string& to, std::string_view family)
      : text_(to), family_(family) {}

  /// Adds a sample; its value is a number or a truth value.
  template <class Value>
  void add(const labels& l, Value v) {
    write(l, static_cast<double>(v));
  }

  /// Adds a sample with one label more.
  template <class Value>
  void add(const labels& l, std::string_view key, std::string_view value,
           Value v) {
    write(l, key, value, static_cast<double>(v));
  }

  /// `counts[i]` is the number of values in bucket i alone, not cumulated; the
  /// last bucket is unbounded.
  void add_histogram(const labels& l, std::span<const double> bounds,
                     std::span<const std::uint64_t> counts, double sum);

private:
  void write(const labels& l, double v);
  void write(const labels& l, std::string_view key, std::string_view value,
             double v);

  std::string& text_;
  std::string_view family_;
};

/// Sample lines of several families, one string for each.
using family_lines = std::vector<std::string>;

/// The HELP and TYPE lines of a family.
std::string head_text(const family_head& h);

/// The HELP and TYPE lines of each family of a table. `head_of` makes the head
/// of a row.
template <class Table, class Head = std::identity>
family_lines head_texts(const Table& rows, Head head_of = {}) {
  family_lines all;
  for (const auto& row : rows)
    all.push_back(head_text(head_of(row)));
  return all;
}

/// Appends each family with its head; one without samples is left out. Frees
/// the lines.
void append_families(std::string& text, const family_lines& heads,
                     family_lines lines);

/// Unix time in seconds, cut to whole microseconds: the largest precision that
/// a double has for times of this century.
double unix_seconds(wall_time t);

} // namespace betanet::metrics
