#include "actors/http_front.hpp"

#include "actors/status_page.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace betanet {

namespace {

namespace json = boost::json;
using metrics::handler;

constexpr auto page_lifetime = std::chrono::milliseconds{100};
constexpr auto cache_timeout = std::chrono::seconds{1};
/// A reload reads files, which may lie on a slow mount; below what a client is
/// given by default.
constexpr auto owner_timeout = std::chrono::seconds{25};
constexpr std::size_t listed_targets = 100; ///< /health names at most so many.

/// The page needs nothing from elsewhere and is framed by nobody.
constexpr auto page_fields =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";
constexpr auto plain_text = "text/plain; charset=utf-8";
constexpr auto exposition_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr auto openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

message_ptr text_message(int status, const std::string& text,
                         std::string_view fields = {}) {
  return std::make_shared<const net::message>(status, plain_text, text, fields);
}

message_ptr json_message(int status, const std::string& text) {
  return std::make_shared<const net::message>(status, "application/json",
                                              text + "\n");
}

message_ptr page_message(const metrics::page& p, net::format format,
                         bool compressed) {
  constexpr const char* plain = "Vary: Accept, Accept-Encoding\r\n";
  constexpr const char* packed =
      "Vary: Accept, Accept-Encoding\r\nContent-Encoding: gzip\r\n";
  return std::make_shared<const net::message>(
      200,
      format == net::format::text_0_0_4 ? exposition_type : openmetrics_type,
      p.text, compressed ? packed : plain);
}

/// Null for those who are let in.
message_ptr refusal_of(admission granted) {
  switch (granted) {
  case admission::login_needed:
    return text_message(401, "Unauthorized\n",
                        "WWW-Authenticate: Basic realm=\"betanet_exporter\", "
                        "charset=\"UTF-8\"\r\n");
  case admission::too_often:
    return text_message(429, "Too many requests.\n", "Retry-After: 1\r\n");
  case admission::busy:
    return text_message(503, "Too many logins are being checked.\n",
                        "Retry-After: 1\r\n");
  case admission::broken:
    return text_message(500, "The web configuration cannot be used.\n");
  default:
    return nullptr;
  }
}

message_ptr cache_is_mute() {
  return text_message(503, "The cache does not answer.\n");
}

double seconds(metrics::duration d) {
  return std::chrono::duration<double>(d).count();
}

double unix_seconds(metrics::wall_time t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

const char* state_of(const metrics::snapshot& s, metrics::endpoint e,
                     metrics::time_point now) {
  if (!s.endpoints[metrics::index(e)].last_result)
    return "waiting";
  if (!metrics::up(s, e))
    return "down";
  return metrics::stale(s, e, now) ? "stale" : "up";
}

json::array describe(const decltype(metrics::endpoint_status::recent)& polls) {
  constexpr std::array names{"good", "partial", "bad"};
  json::array list;
  for (const auto& p : polls)
    if (p.attempts > 0)
      list.push_back(
          json::object{{"result", names[static_cast<std::size_t>(p.result)]},
                       {"attempts", p.attempts}});
  return list;
}

json::value describe(const metrics::snapshot& s, metrics::endpoint e,
                     metrics::time_point now) {
  const auto& status = s.endpoints[metrics::index(e)];
  json::object o;
  o["breaker"] = name(status.breaker);
  o["consecutive_failures"] = status.consecutive_failures;
  o["last_success"] = nullptr;
  o["age_seconds"] = nullptr;
  o["last_error"] = nullptr;
  if (const auto age = metrics::age(s, e, now)) {
    o["last_success"] = unix_seconds(status.last_good_wall);
    o["age_seconds"] = seconds(*age);
  }
  if (status.last_failure)
    o["last_error"] = status.last_failure->text;
  o["state"] = state_of(s, e, now);
  o["breaker_since"] = unix_seconds(status.breaker_since);
  o["recent_polls"] = describe(status.recent);
  return o;
}

bool any_stale(const metrics::snapshot& s, metrics::time_point now) {
  return std::any_of(metrics::all_endpoints.begin(),
                     metrics::all_endpoints.end(),
                     [&](auto e) { return metrics::stale(s, e, now); });
}

json::value describe(const std::string& target, const metrics::snapshot& s,
                     metrics::time_point now) {
  json::object endpoints;
  for (const auto e : metrics::all_endpoints)
    endpoints[metrics::name(e)] = describe(s, e, now);
  json::object o;
  o["name"] = nullptr;
  if (!target.empty()) // json::value{text} would be a list of one
    o["name"] = target;
  o["up"] = metrics::up(s);
  o["stale"] = any_stale(s, now);
  o["endpoints"] = std::move(endpoints);
  o["state"] = metrics::up(s) ? (any_stale(s, now) ? "stale" : "up")
               : s.collected  ? "down"
                              : "waiting";
  o["next_tick_seconds"] = seconds(s.next_tick - now);
  o["ttl_seconds"] = seconds(s.rules.ttl);
  o["max_stale_seconds"] = nullptr;
  if (s.rules.max_stale)
    o["max_stale_seconds"] = seconds(*s.rules.max_stale);
  return o;
}

} // namespace

http_front_actor::behavior_type http_front_state::make_behavior() {
  return {
      [this](atom::serve, exchange_ptr& e, admission granted) {
        serve(std::move(e), granted);
      },
  };
}

// -- routing -----------------------------------------------------------------

void http_front_state::serve(exchange_ptr e, admission granted) {
  const auto& request = e->what();
  note_stats(request.stats);
  const std::pair<std::string_view, handler> routes[] = {
      {settings.telemetry_path, handler::metrics},
      {"/health", handler::health},
      {"/-/healthy", handler::healthy},
      {"/-/ready", handler::ready},
      {"/-/reload", handler::reload},
      {"/config", handler::config},
      {"/sd", handler::sd},
      {"/", handler::index}};
  const auto* const route =
      std::find_if(std::begin(routes), std::end(routes),
                   [&](const auto& r) { return r.first == request.path; });
  const bool known = route != std::end(routes);
  const auto path = known ? route->second : handler::other;
  if (const auto refusal = refusal_of(granted))
    return respond(e, path, refusal);
  if (!known)
    return respond(e, path, text_message(404, "Not found.\n"));
  const bool post = request.method == net::method::post;
  const bool get =
      request.method == net::method::get || request.method == net::method::head;
  if (path == handler::reload ? !post : !get)
    return respond(e, path,
                   text_message(405, "Method not allowed.\n",
                                path == handler::reload
                                    ? "Allow: POST\r\n"
                                    : "Allow: GET, HEAD\r\n"));
  switch (path) {
  case handler::metrics:
    return scrape(std::move(e));
  case handler::reload:
    return reload(e);
  case handler::config:
    return describe_settings(e);
  case handler::sd:
    return with_census(e, path, [this, e](const census& c) {
      return discovery_message(c, e->what());
    });
  default:
    return with_census(
        e, path,
        [this, e, path, detailed = granted == admission::all](const census& c) {
          return health_message(c, path, e->what(), detailed);
        });
  }
}

void http_front_state::respond(const exchange_ptr& e, handler path,
                               message_ptr m) {
  ++totals.requests[{path, m->status()}];
  e->respond(std::move(m));
}

/// The server's own counts travel with each request.
void http_front_state::note_stats(const net::server_stats& s) {
  totals.connections = s.connections;
  totals.rejected_limit = s.rejected_limit;
  totals.rejected_descriptors = s.rejected_descriptors;
}

// -- metrics -----------------------------------------------------------------

auto http_front_state::edition_for(const net::request& r) -> edition& {
  const auto format = net::preferred_format(r.accept);
  const bool compressed = net::accepts_gzip(r.accept_encoding);
  return *std::find_if(editions.begin(), editions.end(), [&](const auto& e) {
    return e.format == format && e.compressed == compressed;
  });
}

void http_front_state::scrape(exchange_ptr e) {
  const auto& request = e->what();
  const auto& stats = request.stats;
  if (settings.max_requests && stats.slow_responses >= settings.max_requests)
    return respond(e, handler::metrics,
                   text_message(503, "Limit of concurrent requests reached (" +
                                         std::to_string(settings.max_requests) +
                                         "), try again later.\n"));
  if (const auto target = net::query_value(request.query, "target"))
    return scrape_target(e, *target);
  auto& edition = edition_for(request);
  if (edition.page && self->clock().now() - edition.page_time < page_lifetime) {
    ++scrapes;
    return respond(e, handler::metrics, edition.page);
  }
  for (std::size_t i = 0; i < net::protocol_errors.size(); ++i)
    if (stats.errors[i] > 0)
      totals.requests[{handler::other, net::protocol_errors[i]}] =
          stats.errors[i];
  edition.waiting.push_back(std::move(e));
  if (edition.waiting.size() == 1)
    ask_for_page(edition);
}

void http_front_state::ask_for_page(edition& of) {
  of.page = nullptr;
  self->request(
          cache, cache_timeout, atom::render_v,
          page_query{
              totals, std::exchange(scrapes, 0), of.format, of.compressed, {}})
      .then(
          [this, &of](const page_ptr& p) {
            page_arrived(of, page_message(*p, of.format, of.compressed));
          },
          [this, &of](const caf::error&) {
            page_arrived(of, cache_is_mute());
          });
}

void http_front_state::page_arrived(edition& of, const message_ptr& m) {
  if (m->status() == 200) {
    of.page = m;
    of.page_time = self->clock().now();
    scrapes += of.waiting.size();
  }
  for (const auto& e : std::exchange(of.waiting, {}))
    respond(e, handler::metrics, m);
}

void http_front_state::scrape_target(const exchange_ptr& e,
                                     const std::string& target) {
  const auto& edition = edition_for(e->what());
  self->request(cache, cache_timeout, atom::render_v,
                page_query{{}, 0, edition.format, edition.compressed, target})
      .then(
          [this, e, &edition](const page_ptr& p) {
            respond(e, handler::metrics,
                    !p ? text_message(404, "No such target.\n")
                    : p->empty
                        ? text_message(503, "No value of this target is "
                                            "young enough.\n")
                        : page_message(*p, edition.format, edition.compressed));
          },
          [this, e](const caf::error&) {
            respond(e, handler::metrics, cache_is_mute());
          });
}

// -- the configuration -------------------------------------------------------

void http_front_state::reload(const exchange_ptr& e) {
  self->request(owner, owner_timeout, atom::reload_v)
      .then(
          [this, e](const std::string& problems) {
            respond(e, handler::reload,
                    problems.empty() ? text_message(200, "Reloaded.\n")
                                     : text_message(500, problems + "\n"));
          },
          [this, e](const caf::error&) {
            respond(e, handler::reload,
                    text_message(500, "The reload did not end in time.\n"));
          });
}

void http_front_state::describe_settings(const exchange_ptr& e) {
  self->request(owner, owner_timeout, atom::describe_v)
      .then(
          [this, e](const std::string& yaml) {
            respond(e, handler::config,
                    std::make_shared<const net::message>(
                        200, "text/yaml; charset=utf-8", yaml));
          },
          [this, e](const caf::error&) {
            respond(e, handler::config,
                    text_message(503, "The configuration is busy.\n"));
          });
}

// -- what the cache knows ----------------------------------------------------

void http_front_state::with_census(
    const exchange_ptr& e, handler path,
    std::function<message_ptr(const census&)> f) {
  self->request(cache, cache_timeout, atom::count_v)
      .then([this, e, path, f = std::move(f)](
                const census_ptr& c) { respond(e, path, f(*c)); },
            [this, e, path](const caf::error&) {
              respond(e, path,
                      path == handler::health
                          ? json_message(503, R"({"status":"unhealthy"})")
                          : cache_is_mute());
            });
}

message_ptr http_front_state::health_message(const census& c, handler path,
                                             const net::request& r,
                                             bool detailed) const {
  const auto now = self->clock().now();
  if (path == handler::ready)
    return c.ready ? text_message(200, "Ready\n")
                   : text_message(503, "The first collection is running.\n");
  const bool overdue =
      std::any_of(c.targets.begin(), c.targets.end(), [&](const auto& t) {
        return metrics::overdue(*t.second, now);
      });
  const int status = overdue ? 503 : 200;
  if (path == handler::healthy)
    return text_message(status,
                        overdue ? "A collection is overdue.\n" : "Healthy\n");
  if (!detailed)
    return json_message(status, overdue ? R"({"status":"unhealthy"})"
                                        : R"({"status":"healthy"})");
  const auto only = net::query_value(r.query, "target");
  const auto o = health_object(c, overdue, only);
  if (only && o.at("targets").as_array().empty())
    return json_message(404, R"({"error":"no such target"})");
  if (path == handler::index)
    return std::make_shared<const net::message>(
        200, "text/html; charset=utf-8",
        status_page(o, settings.telemetry_path), page_fields);
  return json_message(status, json::serialize(o));
}

json::object
http_front_state::health_object(const census& c, bool overdue,
                                const std::optional<std::string>& only) const {
  const auto now = self->clock().now();
  json::object o;
  o["status"] = overdue ? "unhealthy" : "healthy";
  o["version"] = settings.version;
  o["uptime_seconds"] = seconds(now - started);
  o["targets_total"] = c.targets.size();
  o["targets_up"] =
      std::count_if(c.targets.begin(), c.targets.end(),
                    [](const auto& t) { return metrics::up(*t.second); });
  o["targets_stale"] =
      std::count_if(c.targets.begin(), c.targets.end(),
                    [&](const auto& t) { return any_stale(*t.second, now); });
  json::array list;
  for (const auto& [target, s] : c.targets)
    if (only ? target == *only : c.targets.size() <= listed_targets)
      list.push_back(describe(target, *s, now));
  if (only || c.targets.size() <= listed_targets)
    o["targets"] = std::move(list);
  return o;
}

/// Prometheus's HTTP service discovery. The address is the one the client
/// reached us by: we know our own only from inside.
message_ptr http_front_state::discovery_message(const census& c,
                                                const net::request& r) const {
  json::array groups;
  for (const auto& [target, _] : c.targets)
    groups.push_back(
        json::object{{"targets", json::array{r.host}},
                     {"labels", json::object{{"__param_target", target}}}});
  return json_message(200, json::serialize(groups));
}

http_front_actor::behavior_type
http_front(http_front_actor::stateful_pointer<http_front_state> self,
           front_settings settings, cache_actor cache, operator_actor owner) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.cache = std::move(cache);
  state.owner = std::move(owner);
  state.started = self->clock().now();
  return state.make_behavior();
}

} // namespace betanet
