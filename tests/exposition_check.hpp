#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace betanet::testing {

inline bool is_utf8(const std::string& text) {
  int following = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (following > 0 && (byte & 0xc0) == 0x80)
      --following;
    else if (following > 0 || (byte & 0xc0) == 0x80 || byte >= 0xf8)
      return false;
    else
      following = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  }
  return following == 0;
}

/// The defects of a page in the text format that `promtool` does not find:
/// duplicate series, a family in two places, a sample without a value or with a
/// timestamp, a value that is not a finite number, text that is not UTF-8, and
/// a histogram whose buckets decrease or do not agree with its count.
inline std::optional<std::string> defect(const std::string& page) {
  std::set<std::string> families, series;
  std::map<std::string, double> counts, buckets; // by labels without `le`
  if (!is_utf8(page))
    return "no UTF-8";
  std::string family;
  if (!page.empty() && page.back() != '\n')
    return "no newline at the end";
  for (std::size_t at = 0; at < page.size();) {
    const auto end = page.find('\n', at);
    const auto line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      if (!families.insert(family).second)
        return "family twice: " + family;
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      if (line.substr(7, family.size() + 1) != family + " ")
        return "TYPE of another family: " + line;
      continue;
    }
    const auto close = line.find('{') == std::string::npos
                           ? line.find(' ')
                           : line.rfind("} ") + 1;
    const auto name = line.substr(0, line.find_first_of("{ "));
    const auto base = name.substr(0, family.size());
    const auto suffix = name.substr(base.size());
    if (base != family || !(suffix.empty() || suffix == "_bucket" ||
                            suffix == "_sum" || suffix == "_count"))
      return "sample outside its family: " + line;
    if (!series.insert(line.substr(0, close)).second)
      return "series twice: " + line;
    const auto value = line.substr(close + 1);
    std::size_t used = 0;
    double x = NAN;
    try {
      x = std::stod(value, &used);
    } catch (const std::exception&) {
      return "no value: " + line;
    }
    if (!std::isfinite(x))
      return "no finite value: " + line;
    if (suffix == "_count")
      counts[family + line.substr(name.size(), close - name.size())] = x;
    if (suffix == "_bucket") {
      auto labels = line.substr(name.size(), close - name.size());
      const auto le = labels.rfind("le=\"");
      if (le == std::string::npos)
        return "a bucket without a bound: " + line;
      labels.erase(le > 1 ? le - 1 : le); // with the comma before it
      labels += labels == "{" ? "" : "}";
      auto& largest = buckets[family + (labels == "{" ? "" : labels)];
      if (x < largest)
        return "a bucket that shrinks: " + line;
      largest = x;
    }
    if (used != value.size())
      return "more than a value: " + line;
  }
  if (counts != buckets)
    return "a histogram that does not add up";
  return std::nullopt;
}

/// The first of the exporter's own counters that is lower on the later of two
/// pages. The samples of its histograms are counters too. Betanet's totals are
/// Betanet's: they fall when it restarts.
inline std::optional<std::string> fallen(const std::string& earlier,
                                         const std::string& later) {
  const auto counters = [](const std::string& page) {
    std::map<std::string, double> all; // by series
    bool counts = false;
    for (std::size_t at = 0; at < page.size();) {
      const auto end = page.find('\n', at);
      const auto line = page.substr(at, end - at);
      at = end + 1;
      if (line.starts_with("# TYPE "))
        counts = !line.ends_with(" gauge") &&
                 (line.starts_with("# TYPE betanet_exporter_") ||
                  line.starts_with("# TYPE betanet_message_latency_seconds ") ||
                  line.starts_with("# TYPE process_"));
      else if (counts && !line.starts_with('#'))
        all[line.substr(0, line.rfind(' '))] =
            std::stod(line.substr(line.rfind(' ')));
    }
    return all;
  };
  const auto former = counters(earlier);
  for (const auto& [series, value] : counters(later))
    if (const auto same = former.find(series);
        same != former.end() && value < same->second)
      return series + " fell from " + std::to_string(same->second) + " to " +
             std::to_string(value);
  return std::nullopt;
}

} // namespace betanet::testing
