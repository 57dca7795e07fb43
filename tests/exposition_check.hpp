#pragma once

#include <optional>
#include <set>
#include <string>

namespace betanet::testing {

/// What is wrong with a page in the text format that `promtool` does not see:
/// a series twice, a family in two places, a sample without a value or with a
/// timestamp, a histogram that does not add up to its count.
inline std::optional<std::string> defect(const std::string& page) {
  std::set<std::string> families, series;
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
    try {
      std::stod(value, &used);
    } catch (const std::exception&) {
      return "no value: " + line;
    }
    if (used != value.size())
      return "more than a value: " + line;
  }
  return std::nullopt;
}

} // namespace betanet::testing
