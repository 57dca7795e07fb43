#include "probe_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace betanet {

namespace {

constexpr std::array heads{"TARGET", "ENDPOINT", "VERDICT", "STATUS",
                           "PEER",   "TLS",      "RESOLVE", "CONNECT",
                           "SECURE", "WAIT",     "READ",    "URL"};
using row = std::array<std::string, heads.size()>;

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

/// The time that these steps took together; a dash if none happened.
std::string time_of(const net::trace& t, std::initializer_list<net::step> of) {
  std::optional<std::chrono::nanoseconds> sum;
  for (const auto s : of)
    if (const auto took = t.took[index(s)])
      sum = sum.value_or(std::chrono::nanoseconds{0}) + *took;
  using milliseconds = std::chrono::duration<double, std::milli>;
  return sum ? formatted("%.1fms", milliseconds{*sum}.count()) : "-";
}

std::string verdict_of(const metrics::poll& p) {
  std::string text{metrics::name(p.result)};
  if (p.failure)
    text += " (" + std::string{metrics::name(p.failure->why)} + ")";
  return text;
}

row row_of(const probe_finding& f) {
  using net::step;
  const auto& t = net::trace_of(f.outcome);
  const auto* r = std::get_if<net::response>(&f.outcome);
  return {or_dash(f.target->name),
          std::string{name(f.endpoint)},
          verdict_of(f.poll),
          r ? std::to_string(r->status) : "-",
          or_dash(t.peer),
          or_dash(t.tls_version),
          time_of(t, {step::resolve}),
          time_of(t, {step::connect}),
          time_of(t, {step::handshake}),
          time_of(t, {step::send, step::wait}),
          time_of(t, {step::read}),
          to_string(f.target->url) + f.target->paths[index(f.endpoint)]};
}

/// The width of a text in UTF-8 on a terminal, without regard to wide letters.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
}

std::string line_of(const row& r,
                    const std::array<std::size_t, heads.size()>& widths) {
  std::string line;
  for (std::size_t i = 0; i + 1 < r.size(); ++i)
    line += r[i] + std::string(widths[i] - width_of(r[i]) + 2, ' ');
  return line + r.back() + "\n";
}

std::string field_line(const metrics::poll& p, const metrics::field_row& f) {
  const auto line = "  " + std::string{f.key};
  if (const auto value = p.values[index(f.id)])
    return line + " = " + formatted("%.16g", *value) + "\n";
  if (const auto defect = p.defects[index(f.id)]; !defect.empty())
    return line + " " + std::string{defect} + "\n";
  return line + " is not sent, which is allowed\n";
}

bool is_not_found(const probe_finding& f) {
  const auto* const r = std::get_if<net::response>(&f.outcome);
  return r && r->status == 404;
}

std::string details_of(const probe_finding& f) {
  std::string text;
  const auto& p = f.poll;
  if (const auto expiry = net::trace_of(f.outcome).certificate_expiry) {
    const std::time_t at = expiry->time_since_epoch().count();
    std::tm utc{};
    ::gmtime_r(&at, &utc);
    text += formatted("  the certificate expires on %04d-%02d-%02d\n",
                      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
  }
  if (p.result == metrics::quality::bad)
    return text + "  " + (p.failure ? p.failure->text : "") +
           (is_not_found(f) ? ": is a path prefix missing from the URL?" : "") +
           "\n";
  for (const auto& field : metrics::field_table)
    if (field.source == f.endpoint)
      text += field_line(p, field);
  return text;
}

} // namespace

std::string probe_table(const std::vector<probe_finding>& found) {
  row head;
  std::copy(heads.begin(), heads.end(), head.begin());
  std::vector<row> rows{head};
  std::size_t good = 0;
  for (const auto& f : found) {
    rows.push_back(row_of(f));
    good += f.poll.result == metrics::quality::good;
  }
  std::array<std::size_t, heads.size()> widths{};
  for (const auto& r : rows)
    for (std::size_t i = 0; i < r.size(); ++i)
      widths[i] = std::max(widths[i], width_of(r[i]));
  auto text = line_of(head, widths);
  for (std::size_t i = 0; i < found.size(); ++i)
    text += line_of(rows[i + 1], widths) + details_of(found[i]);
  return text + std::to_string(good) + " of " + std::to_string(found.size()) +
         " endpoints are good\n";
}

} // namespace betanet
