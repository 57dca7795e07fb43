#include "metrics/samples_impl.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <charconv>
#include <cmath>

namespace betanet::metrics {

namespace {

/// The largest double up to which all whole numbers are doubles: 2^53.
constexpr double largest_whole = 9007199254740992;

template <class Number>
void write_digits(std::string& to, Number n) {
  std::array<char, 32> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  to.append(digits.data(), end);
}

/// The shortest text that is read as the same number.
void write_number(std::string& to, double v) {
  if (v >= 0 && v <= largest_whole && v == std::floor(v) && !std::signbit(v))
    write_digits(to, static_cast<std::uint64_t>(v));
  else if (std::isinf(v))
    to += v > 0 ? "+Inf" : "-Inf";
  else
    write_digits(to, v);
}

/// Text format 0.0.4: backslash, quote and line feed are escaped.
void write_escaped(std::string& to, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"')
      to += '\\';
    if (c == '\n')
      to += "\\n";
    else
      to += c;
  }
}

void write_label(std::string& to, std::string_view key,
                 std::string_view value) {
  to.append(key).append("=\"");
  write_escaped(to, value);
  to += '"';
}

/// A line up to the blank before its value.
void write_series(std::string& to, std::string_view family,
                  std::string_view suffix, const labels& l) {
  to.append(family).append(suffix);
  if (!l.text().empty())
    to.append("{").append(l.text()).append("}");
  to += ' ';
}

/// A line up to where one label more belongs.
void begin_series(std::string& to, std::string_view family,
                  std::string_view suffix, const labels& l) {
  to.append(family).append(suffix).append("{");
  if (!l.text().empty())
    to.append(l.text()).append(",");
}

} // namespace

labels::labels(
    std::initializer_list<std::pair<std::string_view, std::string_view>> l) {
  for (const auto& [key, value] : l)
    add(key, value);
}

labels& labels::add(std::string_view key, std::string_view value) {
  if (!text_.empty())
    text_ += ',';
  write_label(text_, key, value);
  return *this;
}

labels target_label(const std::string& target) {
  return target.empty() ? labels{} : labels{{"target", target}};
}

void sample_writer::write(const labels& l, double v) {
  write_series(text_, family_, "", l);
  write_number(text_, v);
  text_ += '\n';
}

void sample_writer::write(const labels& l, std::string_view key,
                          std::string_view value, double v) {
  begin_series(text_, family_, "", l);
  write_label(text_, key, value);
  text_ += "} ";
  write_number(text_, v);
  text_ += '\n';
}

void sample_writer::add_histogram(const labels& l,
                                  std::span<const double> bounds,
                                  std::span<const std::uint64_t> counts,
                                  double sum) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    begin_series(text_, family_, "_bucket", l);
    text_ += "le=\"";
    write_number(text_, i < bounds.size() ? bounds[i] : INFINITY);
    text_ += "\"} ";
    write_digits(text_, total);
    text_ += '\n';
  }
  write_series(text_, family_, "_sum", l);
  write_number(text_, sum);
  text_ += '\n';
  write_series(text_, family_, "_count", l);
  write_digits(text_, total);
  text_ += '\n';
}

std::string head_text(const family_head& h) {
  return prometheus::TextSerializer{}.Serialize({{h.name, h.help, h.type, {}}});
}

void append_families(std::string& text, const family_lines& heads,
                     family_lines lines) {
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (const auto samples = std::move(lines[i]); !samples.empty())
      text.append(heads[i]).append(samples);
}

double unix_seconds(wall_time t) {
  using std::chrono::microseconds;
  return static_cast<double>(
             std::chrono::duration_cast<microseconds>(t.time_since_epoch())
                 .count()) /
         1e6;
}

} // namespace betanet::metrics
