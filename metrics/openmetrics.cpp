#include "metrics/openmetrics.hpp"

#include <array>

namespace betanet::metrics {

namespace {

constexpr std::array units{std::string_view{"seconds"},
                           std::string_view{"bytes"}};

/// The parts of a line `# HELP name text` or `# TYPE name type`.
struct head {
  std::string_view keyword, name, rest;

  explicit head(std::string_view line) {
    line.remove_prefix(2);
    keyword = cut(line);
    name = cut(line);
    rest = line;
  }

private:
  static std::string_view cut(std::string_view& line) {
    const auto end = line.find(' ');
    const auto word = line.substr(0, end);
    line.remove_prefix(end + 1);
    return word;
  }
};

void append_unit(std::string& out, std::string_view family) {
  for (const auto unit : units)
    if (family.ends_with(unit) &&
        family.substr(0, family.size() - unit.size()).ends_with('_'))
      out.append("# UNIT ").append(family).append(" ").append(unit) += '\n';
}

/// Appends a sample line. OpenMetrics wants a decimal point in the bound of a
/// bucket: `le="1"` becomes `le="1.0"`.
void append_sample(std::string& out, std::string_view line) {
  constexpr std::string_view mark = "le=\"";
  const auto at = line.rfind(mark); // `le` is the last label of a bucket
  const auto name_end = line.find('{');
  if (at == line.npos || !line.substr(0, name_end).ends_with("_bucket")) {
    out.append(line) += '\n';
    return;
  }
  const auto begin = at + mark.size();
  const auto end = line.find('"', begin);
  const auto bound = line.substr(begin, end - begin);
  const bool whole = bound.find_first_not_of("-0123456789") == bound.npos;
  out.append(line.substr(0, end)).append(whole ? ".0" : "");
  out.append(line.substr(end)) += '\n';
}

} // namespace

std::string to_openmetrics(std::string_view page) {
  std::string out;
  out.reserve(page.size() + page.size() / 16);
  std::string_view help; // the HELP line of the family, written with its TYPE
  while (!page.empty()) {
    const auto end = page.find('\n');
    const auto line = page.substr(0, end);
    page.remove_prefix(end + 1);
    if (line.starts_with("# HELP ")) {
      help = line;
    } else if (line.starts_with("# TYPE ")) {
      const head type{line};
      auto family = type.name;
      if (type.rest == "counter" && family.ends_with("_total"))
        family.remove_suffix(6);
      out.append("# HELP ").append(family).append(" ");
      out.append(head{help}.rest).append("\n# TYPE ").append(family);
      out.append(" ").append(type.rest) += '\n';
      append_unit(out, family);
    } else {
      append_sample(out, line);
    }
  }
  out += "# EOF\n";
  return out;
}

} // namespace betanet::metrics
