#include "pages/quantity_impl.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace betanet::pages {

namespace {

template <class... T>
std::string format(const char* form, T... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), form, values...);
  return text.data();
}

/// A number of at least 1 with three digits: `1.23`, `12.3`, `123`.
std::string three_digits(double n) {
  return format(n < 9.995 ? "%.2f" : n < 99.95 ? "%.1f" : "%.0f", n);
}

/// A number with three digits, a decimal prefix and a unit: `1.23 MB/s`.
std::string with_prefix(double n, const std::string& unit) {
  static constexpr std::array prefixes{"", "k", "M", "G", "T", "P", "E"};
  std::size_t i = 0;
  for (; n >= 999.5 && i + 1 < prefixes.size(); ++i)
    n /= 1000;
  const auto number = n >= 999.5 ? format("%.3g", n)
                      : i == 0   ? format("%.0f", n)
                                 : three_digits(n);
  return number + " " + prefixes[i] + unit;
}

std::string rate_text(double bytes_per_second) {
  return with_prefix(bytes_per_second, "B/s");
}

std::string loss_text(double ratio) {
  const double percent = 100 * ratio;
  if (percent == 0)
    return "0 %";
  if (percent < 0.01)
    return "<0.01 %";
  return format(percent < 9.995 ? "%.2f %%" : "%.1f %%", percent);
}

std::string latency_text(double milliseconds) {
  if (milliseconds < 9.95)
    return format("%.1f ms", milliseconds);
  if (milliseconds < 999.5)
    return format("%.0f ms", milliseconds);
  return three_digits(milliseconds / 1000) + " s";
}

std::tm utc(metrics::wall_time t) {
  const auto seconds = std::chrono::system_clock::to_time_t(t);
  std::tm result{};
  gmtime_r(&seconds, &result);
  return result;
}

} // namespace

std::string count_text(double n) {
  if (n >= 999999.5)
    return with_prefix(n, "");
  auto digits = format("%.0f", n);
  if (digits.size() > 3)
    digits.insert(digits.size() - 3, ",");
  return digits;
}

std::string span_text(metrics::duration d) {
  const long long s =
      std::chrono::floor<std::chrono::seconds>(std::max(d, d.zero())).count();
  if (s < 60)
    return format("%lld s", s);
  if (s < 3600)
    return format("%lld min %lld s", s / 60, s % 60);
  if (s < 86400)
    return format("%lld h %lld min", s / 3600, s % 3600 / 60);
  return format("%lld d %lld h", s / 86400, s % 86400 / 3600);
}

std::string time_text(metrics::wall_time t, metrics::wall_time now) {
  const auto at = utc(t);
  const auto today = utc(now);
  const bool is_today =
      at.tm_year == today.tm_year && at.tm_yday == today.tm_yday;
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(),
                is_today ? "%H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S UTC", &at);
  return text.data();
}

const std::array<trend_row, metrics::trend_count> trend_table{
    trend_row{metrics::trend::peers, "Peers", count_text},
    trend_row{metrics::trend::active_mixnodes, "Active mixnodes", count_text},
    trend_row{metrics::trend::throughput, "Throughput", rate_text},
    trend_row{metrics::trend::loss, "Loss", loss_text},
    trend_row{metrics::trend::latency, "Latency", latency_text},
};

} // namespace betanet::pages
