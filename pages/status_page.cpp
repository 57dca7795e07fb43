#include "pages/markup_impl.hpp"
#include "pages/overview_impl.hpp"
#include "pages/page_frame_impl.hpp"
#include "pages/quantity_impl.hpp"
#include "pages/target_rows_impl.hpp"

#include <algorithm>

namespace betanet::pages {

namespace {

/// Header lines that allow the page to load nothing from other servers and
/// forbid other pages to embed it in a frame.
constexpr auto header_fields =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Cache-Control: no-store\r\n";

std::string count_of(std::size_t n) {
  return count_text(static_cast<double>(n));
}

/// The state of the worst target.
state worst(const overview& o) {
  for (const auto s : {state::down, state::stale, state::waiting})
    if (o.counts[index(s)] > 0)
      return s;
  return state::up;
}

/// The number of targets that are in trouble.
std::string summary(const overview& o) {
  const auto all = count_of(o.total) + (o.total == 1 ? " target" : " targets");
  const auto count = [&](state s) { return count_of(o.counts[index(s)]); };
  if (o.total == 0)
    return "No targets";
  const auto worst_state = worst(o);
  if (worst_state == state::up)
    return o.total == 1 ? all + " up" : "All " + all + " up";
  auto text =
      count(worst_state) + " of " + all + " " + std::string{name(worst_state)};
  if (worst_state == state::down && o.counts[index(state::stale)] > 0)
    text += ", " + count(state::stale) + " stale";
  return text;
}

/// The icon of the page: a disc in the colour of the worst state.
std::string icon(state s) {
  const char* colour = s == state::down    ? "c2252f"
                       : s == state::stale ? "d08a00"
                       : s == state::up    ? "1f9d55"
                                           : "888";
  return std::string{"<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg "
                     "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 "
                     "16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23"} +
         colour + "'/%3E%3C/svg%3E\">\n";
}

std::string header(const view& v, const overview& o) {
  auto text = "<header>\n<div class=\"dim\">Betanet exporter " +
              escaped(v.version) + ", running for " +
              span_text(v.now - v.started) + ", " + time_text(v.wall_now, {}) +
              "</div>\n<h1 data-state=\"" + std::string{name(worst(o))} +
              "\">" + summary(o) + "</h1>\n";
  if (any_overdue(v.all, v.now))
    text += "<p class=\"alarm\">The exporter is unhealthy: collections are "
            "overdue.</p>\n";
  return text + "</header>\n";
}

/// A section with a heading; empty if it lists no targets.
std::string section(const char* heading, std::span<const listed_target> targets,
                    const std::string& table) {
  if (targets.empty())
    return {};
  return std::string{"<section>\n<h2>"} + heading + "</h2>\n" + table +
         "</section>\n";
}

/// Links to the other pages of a long list.
std::string page_links(const view& v, const overview& o) {
  if (o.pages == 1)
    return {};
  const auto link = [&](std::size_t page, const std::string& text) {
    return "<a href=\"?" +
           (v.filter.empty()
                ? ""
                : "filter=" + percent_encoded(v.filter) + "&amp;") +
           "page=" + std::to_string(page) + "\">" + text + "</a>";
  };
  const auto first = (o.page - 1) * targets_per_page;
  auto links = "<nav aria-label=\"Pages\"><span class=\"dim\">Targets " +
               count_of(first + 1) + " to " + count_of(first + o.shown.size()) +
               " of " + count_of(o.matching) + "</span>";
  if (o.page > 1)
    links += link(1, "First") + link(o.page - 1, "Previous");
  if (o.page < o.pages)
    links += link(o.page + 1, "Next") + link(o.pages, "Last");
  return links + "</nav>\n";
}

/// The targets of an overview: first those in trouble, with their endpoints.
std::string lists(const view& v, const overview& o) {
  const auto is_failing = [](const listed_target& t) {
    return t.state == state::down || t.state == state::stale;
  };
  const auto healthy =
      std::find_if_not(o.shown.begin(), o.shown.end(), is_failing);
  const std::span failing{o.shown.begin(), healthy};
  const std::span others{healthy, o.shown.end()};
  const auto links = page_links(v, o);
  std::string text;
  if (!v.filter.empty())
    text += "<p>" + count_of(o.matching) + " of " + count_of(o.total) +
            " targets match <b>" + escaped(v.filter) + "</b></p>\n";
  return text + links +
         section("Failing", failing,
                 endpoint_table_of(failing, {v.now, v.wall_now})) +
         section(o.counts[index(state::waiting)] > 0 ? "Up or waiting" : "Up",
                 others, value_table_of(others, {v.now, v.wall_now})) +
         links;
}

std::string footer(std::string_view telemetry_path) {
  std::string links = "<nav aria-label=\"Paths\">";
  for (const auto& r : route_table)
    if (!r.is_post && r.make != status) {
      const auto path =
          escaped(r.from == source::exposition ? telemetry_path : r.path);
      links += "<a href=\"" + path.substr(1) + "\">" + path + "</a>";
    }
  return links + "</nav>\n";
}

std::string filter_box(const view& v) {
  return "<input id=\"filter\" type=\"search\" hidden autocomplete=\"off\" "
         "aria-label=\"Filter targets\" placeholder=\"Filter: name, URL, "
         "state or error\" value=\"" +
         escaped(v.filter) + "\">\n";
}

std::string contents(const view& v, const overview& o) {
  const moment at{v.now, v.wall_now};
  if (v.target)
    return "<p><a href=\"?\">All targets</a></p>\n" +
           detail_of(list_target(*v.target, *find(v.all, *v.target), v.now),
                     at);
  if (o.total == 1) {
    const auto& [name, latest] = v.all.targets[0];
    return detail_of(list_target(name, *latest, v.now), at);
  }
  return lists(v, o);
}

/// The page is complete without JavaScript; the script keeps it up to date.
std::string render(const view& v) {
  const auto o = survey(v);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>" +
      summary(o) + " - Betanet exporter</title>\n" + icon(worst(o)) + "<style>";
  page.append(page_style).append("</style>\n</head>\n<body>\n");
  page += header(v, o) + "<p id=\"lost\" class=\"alarm\" role=\"alert\" "
                         "hidden></p>\n";
  if (o.total > 1 && !v.target)
    page += filter_box(v);
  page += "<main>\n" + contents(v, o) + "</main>\n" + footer(v.telemetry_path);
  page.append("<script>").append(page_script);
  return page + "</script>\n</body>\n</html>\n";
}

} // namespace

answer status(const view& v) {
  if (v.target && !find(v.all, *v.target))
    return {404, "application/json", "{\"error\":\"no such target\"}\n"};
  return {200, "text/html; charset=utf-8", render(v), header_fields};
}

} // namespace betanet::pages
