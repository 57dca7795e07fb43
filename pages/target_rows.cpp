#include "metrics/freshness.hpp"
#include "pages/markup_impl.hpp"
#include "pages/quantity_impl.hpp"
#include "pages/target_rows_impl.hpp"

#include <algorithm>

namespace betanet::pages {

namespace {

/// Errors and URLs are cut to this many bytes. `/health` has the whole text.
constexpr std::size_t longest_text = 240;

std::string dim(const std::string& text) {
  return " <span class=\"dim\">" + text + "</span>";
}

std::string badge(std::string_view word) {
  return "<b data-state=\"" + std::string{word} + "\">" + std::string{word} +
         "</b>";
}

/// A time and how long ago it was.
std::string time_and_age(metrics::wall_time t, const moment& at) {
  if (t == metrics::wall_time{})
    return "never";
  return time_text(t, at.wall_now) + dim(span_text(at.wall_now - t) + " ago");
}

/// Isolated, because a name may contain characters that change the direction of
/// text.
std::string display_name(const listed_target& t) {
  return t.name->empty() ? "Betanet" : "<bdi>" + escaped(*t.name) + "</bdi>";
}

std::string linked_name(const listed_target& t) {
  return "<a href=\"?target=" + percent_encoded(*t.name) + "\">" +
         display_name(t) + "</a>";
}

/// Which endpoints the failure of a target began with.
std::string what_began(const std::vector<endpoint>& first) {
  if (first.size() == endpoint_count)
    return "all endpoints failed together";
  std::string names;
  for (const auto e : first)
    names += (names.empty() ? "" : " and ") + std::string{betanet::name(e)};
  return names + " failed first";
}

/// The state of a target, since when it is failing and what failed first.
std::string verdict(const listed_target& t, const moment& at) {
  auto text = badge(name(t.state));
  const auto first = first_failing(*t.latest);
  if (!first.empty())
    text += dim("since " + time_text(t.failing_since, at.wall_now) + ", for " +
                span_text(at.wall_now - t.failing_since) + "; " +
                what_began(first));
  return text;
}

/// The first bytes of a text, without half of a character of UTF-8.
std::string cut(std::string text) {
  if (text.size() <= longest_text)
    return text;
  const auto continues = [](char c) { return (c & 0xC0) == 0x80; };
  auto end = longest_text;
  while (end > 0 && continues(text[end]))
    --end;
  return text.substr(0, end) + "...";
}

std::string error_cell(const metrics::endpoint_status& status,
                       const moment& at) {
  if (!status.last_failure)
    return "none";
  return escaped(cut(status.last_failure->text)) +
         dim(time_text(status.last_failure_at, at.wall_now) + ", " +
             span_text(at.wall_now - status.last_failure_at) + " ago");
}

std::string state_cell(const metrics::snapshot& s, endpoint e,
                       const moment& at) {
  const auto since = s.endpoints[index(e)].failing_since;
  return badge(name(state_of(s, e, at.now))) +
         (since == metrics::wall_time{}
              ? ""
              : dim("since " + time_text(since, at.wall_now)));
}

std::string endpoint_row(const metrics::snapshot& s, endpoint e,
                         const moment& at) {
  const auto& status = s.endpoints[index(e)];
  const auto breaker =
      badge(metrics::name(status.breaker)) +
      (status.breaker_since == metrics::wall_time{}
           ? ""
           : dim("since " + time_text(status.breaker_since, at.wall_now)));
  auto row = "<tr><th scope=\"row\">" + std::string{betanet::name(e)};
  if (const auto url = std::string{s.url_of(e)}; !url.empty())
    row += "<span class=\"url\">" +
           std::string{s.addresses && status.answered_by ? "last answered by "
                                                         : ""} +
           escaped(cut(url)) + "</span>";
  row += "</th>";
  for (const auto& cell :
       {state_cell(s, e, at), breaker, time_and_age(status.last_good_wall, at),
        polls_picture(status.recent), error_cell(status, at)})
    row += "<td>" + cell + "</td>";
  return row + "</tr>\n";
}

/// Rows of all endpoints; what fails comes first, then in the order in which it
/// began. What failed together has the usual order.
std::string endpoint_rows(const metrics::snapshot& s, const moment& at) {
  auto order = all_endpoints;
  const auto first = first_failing(s);
  const auto key = [&](endpoint e) {
    const bool began = std::find(first.begin(), first.end(), e) != first.end();
    return std::pair{state_of(s, e, at.now),
                     began ? metrics::wall_time{}
                           : s.endpoints[index(e)].failing_since};
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return key(a) < key(b); });
  std::string rows;
  for (const auto e : order)
    rows += endpoint_row(s, e, at);
  return rows;
}

constexpr std::string_view endpoint_table_head =
    "<table class=\"endpoints\">\n<thead><tr><th scope=\"col\">Endpoint</th>"
    "<th scope=\"col\">State</th><th scope=\"col\">Breaker</th>"
    "<th scope=\"col\">Last good poll</th><th scope=\"col\">Last polls</th>"
    "<th scope=\"col\">Last error</th></tr></thead>\n";

/// The latest value of a trend. Where the latest poll did not tell it, the
/// value before, dimmed, as long as /metrics shows it too.
std::string value_text(const metrics::snapshot& s, const trend_row& row,
                       const moment& at) {
  const auto& course = s.courses[index(row.id)];
  if (const auto latest = course.latest())
    return escaped(row.text(*latest));
  const auto newest = course.newest();
  if (newest && metrics::visible(s, metrics::field_of(row.id), at.now))
    return "<span class=\"old\" title=\"as last read\">" +
           escaped(row.text(*newest)) + "</span>";
  return "-";
}

std::string value_and_course(const metrics::snapshot& s, const trend_row& row,
                             const moment& at) {
  const auto picture = course_picture(s.courses[index(row.id)], row.text);
  return value_text(s, row, at) +
         (picture.empty() ? "<svg aria-hidden=\"true\"></svg>" : picture);
}

std::string value_row(const listed_target& t, const moment& at) {
  auto row = "<tr><th scope=\"row\">" + linked_name(t);
  if (t.state != state::up)
    row += " " + badge(name(t.state));
  row += "</th>";
  for (const auto& column : trend_table)
    row += "<td>" + value_and_course(*t.latest, column, at) + "</td>";
  return row + "</tr>\n";
}

/// When the next collection is due and how long values are shown.
std::string rules_of(const metrics::snapshot& s, const moment& at) {
  const auto due = s.next_tick - at.now;
  const bool paused =
      std::none_of(s.endpoints.begin(), s.endpoints.end(), [](const auto& e) {
        return e.breaker == metrics::breaker_state::closed;
      });
  return "<p class=\"dim\">" +
         (paused
              ? "No collections until a probe succeeds: all circuit breakers "
                "are open"
          : due < due.zero() ? "Next collection overdue"
                             : "Next collection in " + span_text(due)) +
         "; values are fresh for " + span_text(s.rules.ttl) + " and shown " +
         (s.rules.max_stale
              ? "for " + span_text(*s.rules.max_stale) + " without a good poll"
              : "until the exporter ends") +
         ".</p>\n";
}

} // namespace

std::string endpoint_table_of(std::span<const listed_target> targets,
                              const moment& at) {
  std::string table{endpoint_table_head};
  for (const auto& t : targets)
    table += "<tbody>\n<tr class=\"target\"><th colspan=\"6\" "
             "scope=\"rowgroup\">" +
             linked_name(t) + " " + verdict(t, at) + "</th></tr>\n" +
             endpoint_rows(*t.latest, at) + "</tbody>\n";
  return table + "</table>\n";
}

std::string value_table_of(std::span<const listed_target> targets,
                           const moment& at) {
  std::string table =
      "<table class=\"values\">\n<thead><tr><th scope=\"col\">Target</th>";
  for (const auto& column : trend_table)
    table += std::string{"<th scope=\"col\">"} + column.label + "</th>";
  table += "</tr></thead>\n<tbody>\n";
  for (const auto& t : targets)
    table += value_row(t, at);
  return table + "</tbody>\n</table>\n";
}

std::string detail_of(const listed_target& t, const moment& at) {
  auto text = "<section>\n<h2>" + display_name(t) + " " + verdict(t, at) +
              "</h2>\n<dl>\n";
  for (const auto& row : trend_table)
    text += std::string{"<div><dt>"} + row.label + "</dt><dd>" +
            value_and_course(*t.latest, row, at) + "</dd></div>\n";
  return text + "</dl>\n" + std::string{endpoint_table_head} + "<tbody>\n" +
         endpoint_rows(*t.latest, at) + "</tbody>\n</table>\n" +
         rules_of(*t.latest, at) + "</section>\n";
}

} // namespace betanet::pages
