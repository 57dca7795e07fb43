#include "pages/health_impl.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cmath>
#include <ctime>
#include <string_view>

namespace betanet::pages {

namespace {

namespace json = boost::json;

constexpr std::string_view head = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Betanet exporter</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --bg: #fafaf8; --card: #fff; --text: #1c1e21;
  --dim: #666b73; --line: #dcdcd6; --good: #1a7f42; --warn: #9a6200;
  --bad: #c2252f; }
@media (prefers-color-scheme: dark) { :root { --bg: #15171a; --card: #1d2024;
  --text: #e7e8ea; --dim: #9aa0a8; --line: #33373d; --good: #4cc27b;
  --warn: #e0a63c; --bad: #ff6b6f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.2rem; background: var(--bg);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
header, .target > div { display: flex; flex-wrap: wrap; gap: .3rem 1rem;
  align-items: baseline; }
.dim, header span, .target > div span { color: var(--dim); }
.target { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .9rem 1rem; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; margin-top: .6rem;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--dim); font-size: .85rem; }
th, td { padding: .35rem .8rem .35rem 0; vertical-align: top;
  border-top: 1px solid var(--line); }
td[data-label=Age] { white-space: nowrap; }
td.error { overflow-wrap: anywhere; max-width: 26rem; }
b[data-state] { font-weight: 600; }
[data-state=up], [data-state=closed], [data-state=healthy] { color: var(--good); }
[data-state=stale], [data-state=half_open] { color: var(--warn); }
[data-state=down], [data-state=open], [data-state=unhealthy] { color: var(--bad); }
.polls { display: flex; gap: 2px; align-items: flex-end; height: 1.4rem; }
.polls i { width: 6px; border-radius: 1px; background: var(--good); }
.polls i.partial { background: var(--warn); }
.polls i.bad { background: var(--bad); }
#lost { display: none; color: var(--bad); }
nav { margin-top: 1.2rem; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
a { color: inherit; }
@media (max-width: 46rem) {
  thead { display: none; }
  tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  td { display: flex; gap: .8rem; border: 0; padding: .1rem 0; max-width: none; }
  td::before { content: attr(data-label); color: var(--dim); flex: 0 0 7.5rem; }
}
</style>
</head>
<body>
)html";

// Updates each element with a data-path from the value at this path in the JSON
// of /health.
constexpr std::string_view script = R"html(<script>
const span = s => s < 60 ? Math.floor(s) + " s"
  : s < 3600 ? Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s"
  : Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
const show = {
  text: v => v ?? "\u2013",
  span: v => v == null ? "\u2013" : span(v),
  soon: v => v == null ? "\u2013" : v < 0 ? "overdue" : "in " + span(v),
  time: v => !v ? "never"
    : new Date(v * 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC",
};
const shown = [...document.querySelectorAll("section")].map(s => s.dataset.name);
function update(health) {
  if (health.targets_total === undefined)
    throw health;
  const names = (health.targets ?? []).map(t => t.name ?? "");
  if (JSON.stringify(names) !== JSON.stringify(shown))
    return location.reload();
  for (const e of document.querySelectorAll("[data-path]")) {
    const value = JSON.parse(e.dataset.path).reduce((o, k) => o?.[k], health);
    if (e.dataset.kind === "polls") {
      e.replaceChildren(...(value ?? []).map(p => {
        const bar = document.createElement("i");
        bar.className = p.result;
        bar.style.height = Math.min(25 * p.attempts, 100) + "%";
        bar.title = p.result + ", attempts: " + p.attempts;
        return bar;
      }));
      continue;
    }
    e.textContent = show[e.dataset.kind](value);
    if ("state" in e.dataset)
      e.dataset.state = value;
  }
}
async function look() {
  try {
    update(await (await fetch("health" + location.search, {
      cache: "no-store", signal: AbortSignal.timeout(5000)})).json());
    document.body.dataset.live = "";
    document.getElementById("lost").style.display = "none";
  } catch {
    document.getElementById("lost").style.display = "block";
  }
  setTimeout(look, 2000);
}
look();
</script>
</body>
</html>
)html";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    default:
      out += c;
    }
  return out;
}

std::string span_text(double s) {
  const auto n = [](double x) {
    return std::to_string(static_cast<long long>(std::floor(x)));
  };
  if (s < 60)
    return n(s) + " s";
  if (s < 3600)
    return n(s / 60) + " min " + n(std::fmod(s, 60)) + " s";
  return n(s / 3600) + " h " + n(std::fmod(s, 3600) / 60) + " min";
}

std::string time_text(double unix_seconds) {
  if (unix_seconds == 0)
    return "never";
  const auto t = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&t, &utc);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text.data();
}

/// The text of a value, formatted as `show` in the script formats it.
std::string shown(const json::value& v, std::string_view kind) {
  if (kind == "time")
    return time_text(v.is_null() ? 0 : v.to_number<double>());
  if (v.is_null())
    return "\u2013";
  if (kind == "span")
    return span_text(v.to_number<double>());
  if (kind == "soon")
    return v.to_number<double>() < 0 ? "overdue"
                                     : "in " + span_text(v.to_number<double>());
  return v.is_string() ? std::string{v.get_string()} : json::serialize(v);
}

std::string marks(const json::array& polls) {
  std::string out;
  for (const auto& p : polls) {
    const auto attempts = p.at("attempts").to_number<int>();
    const std::string result{p.at("result").as_string()};
    out += "<i class=\"" + result +
           "\" style=\"height:" + std::to_string(std::min(25 * attempts, 100)) +
           "%\" title=\"" + result + ", attempts: " + std::to_string(attempts) +
           "\"></i>";
  }
  return out;
}

/// An element that shows the value at a path of /health. The script keeps it up
/// to date.
class cell {
public:
  cell(const json::value& root, json::array path)
      : value_(&root), path_(std::move(path)) {
    for (const auto& step : path_)
      value_ = step.is_string()
                   ? &value_->as_object().at(step.get_string())
                   : &value_->as_array().at(step.to_number<std::size_t>());
  }

  std::string as(std::string_view kind, std::string_view element = "span",
                 bool state = false) const {
    const auto text = escaped(shown(*value_, kind));
    return open(element, kind) + (state ? " data-state=\"" + text + "\"" : "") +
           ">" + text + "</" + std::string{element} + ">";
  }

  std::string as_polls() const {
    return open("div", "polls") + " class=\"polls\">" +
           marks(value_->as_array()) + "</div>";
  }

private:
  std::string open(std::string_view element, std::string_view kind) const {
    return "<" + std::string{element} + " data-kind=\"" + std::string{kind} +
           "\" data-path=\"" + escaped(json::serialize(path_)) + "\"";
  }

  const json::value* value_;
  json::array path_;
};

std::string table_row(const json::value& health, std::size_t target,
                      json::string_view endpoint) {
  const auto at = [&](const char* key) {
    return cell{health,
                {"targets", target, "endpoints", json::string{endpoint}, key}};
  };
  const auto column = [](const char* label, const std::string& content,
                         const char* attributes = "") {
    return std::string{"<td data-label=\""} + label + "\"" + attributes + ">" +
           content + "</td>";
  };
  return "<tr>" +
         column("Endpoint", escaped({endpoint.data(), endpoint.size()})) +
         column("State", at("state").as("text", "b", true)) +
         column("Breaker", at("breaker").as("text", "b", true) +
                               " <span class=\"dim\">since " +
                               at("breaker_since").as("time") + "</span>") +
         column("Last success", at("last_success").as("time")) +
         column("Age", at("age_seconds").as("span")) +
         column("Last polls", at("recent_polls").as_polls()) +
         column("Last error", at("last_error").as("text"), " class=\"error\"") +
         "</tr>\n";
}

std::string target_section(const json::value& health, std::size_t i) {
  const auto at = [&](const char* key) {
    return cell{health, {"targets", i, key}};
  };
  const auto& target = health.at("targets").at(i);
  const auto name = target.at("name").is_null()
                        ? std::string{"Betanet"}
                        : std::string{target.at("name").as_string()};
  const auto limit = [&](const char* key) {
    return shown(target.at(key), "span");
  };
  const auto label = target.at("name").is_null() ? std::string{} : name;
  auto text =
      "<section class=\"target\" data-name=\"" + escaped(label) +
      "\">\n<div><h2>" + escaped(name) + "</h2>" +
      at("state").as("text", "b", true) + "<span>next collection " +
      at("next_tick_seconds").as("soon") + "</span><span>fresh below " +
      limit("ttl_seconds") + ", gone after " +
      (target.at("max_stale_seconds").is_null() ? "never"
                                                : limit("max_stale_seconds")) +
      " without success</span></div>\n<table>\n<thead><tr>"
      "<th>Endpoint</th><th>State</th><th>Breaker</th>"
      "<th>Last success</th><th>Age</th><th>Last polls</th>"
      "<th>Last error</th></tr></thead>\n<tbody>\n";
  for (const auto& e : target.at("endpoints").as_object())
    text += table_row(health, i, e.key());
  return text + "</tbody>\n</table>\n</section>\n";
}

/// Header lines that allow the page to load nothing from other servers and
/// forbid other pages to embed it in a frame.
constexpr auto header_fields =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Cache-Control: no-store\r\n";

/// Renders the contents of /health as a page. The page is complete without
/// JavaScript; the script keeps it up to date.
std::string render(const json::object& health,
                   const std::string& telemetry_path) {
  const json::value root(health);
  const auto at = [&](const char* key) { return cell{root, {key}}; };
  std::string page{head};
  page +=
      "<header><h1>Betanet exporter</h1>" + at("status").as("text", "b", true) +
      "<span>version " + at("version").as("text") + "</span><span>up for " +
      at("uptime_seconds").as("span") + "</span><span>" +
      at("targets_up").as("text") + " of " + at("targets_total").as("text") +
      " targets up, " + at("targets_stale").as("text") +
      " stale</span></header>\n<p id=\"lost\">The exporter does not answer: "
      "this is what it said last.</p>\n";
  if (const auto* targets = health.if_contains("targets"))
    for (std::size_t i = 0; i < targets->as_array().size(); ++i)
      page += target_section(root, i);
  else
    page += "<p>Too many targets to list; <a href=\"" +
            escaped(telemetry_path.substr(1)) +
            "\">metrics</a> has "
            "them all, <code>health?target=NAME</code> one.</p>\n";
  page += "<nav>";
  for (const auto& r : route_table)
    if (!r.is_post && r.make != status) {
      const auto path = escaped(
          r.from == source::exposition ? telemetry_path : std::string{r.path});
      page += "<a href=\"" + path.substr(1) + "\">" + path + "</a>";
    }
  page += "</nav>\n";
  return page.append(script);
}

} // namespace

answer status(const view& v) {
  const auto health = health_object(v);
  const auto* const listed = health.if_contains("targets");
  if (v.target && listed->as_array().empty())
    return {404, "application/json", "{\"error\":\"no such target\"}\n"};
  return {200, "text/html; charset=utf-8",
          render(health, std::string{v.telemetry_path}), header_fields};
}

} // namespace betanet::pages
