#pragma once

#include "metrics/course.hpp"
#include "metrics/types.hpp"

#include <cstddef>
#include <string>

/// Numbers and times as people read them.
namespace betanet::pages {

/// A whole number in groups of three digits: `10,000`; from a million on three
/// digits and a prefix: `1.23 M`.
std::string count_text(double n);

/// A duration in its two largest units: `45 s`, `3 min 12 s`, `2 d 4 h`.
std::string span_text(metrics::duration d);

/// A time as `2026-11-22 02:58:14 UTC`. On the day of `now` only the time of
/// day.
std::string time_text(metrics::wall_time t, metrics::wall_time now);

/// How a value of a trend is called and written.
struct trend_row {
  metrics::trend id;
  const char* label;
  std::string (*text)(double value);
};

extern const std::array<trend_row, metrics::trend_count> trend_table;

} // namespace betanet::pages
