#include "actors/http_front.hpp"

#include "net/query.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How long a rendered page is used for further scrapes.
constexpr auto page_lifetime = std::chrono::milliseconds{100};
/// How long the front waits for the cache before it answers with 503.
constexpr auto cache_timeout = std::chrono::seconds{1};
/// How long the front waits for the reloader. A reload reads files, which may
/// be on a slow mount. The time is below 30 s, the default of
/// `web.write_timeout`.
constexpr auto reloader_timeout = std::chrono::seconds{25};

constexpr auto exposition_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr auto openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

reply_ptr text_reply(int status, const std::string& text,
                     std::string_view fields = {}) {
  return std::make_shared<const net::reply>(status, "text/plain; charset=utf-8",
                                            text, fields);
}

reply_ptr reply_of(const pages::answer& a) {
  return std::make_shared<const net::reply>(a.status, a.content_type, a.body,
                                            a.fields);
}

http_front_state::form form_of(const net::request& r) {
  return {net::preferred_format(r.accept), net::accepts_gzip(r.accept_encoding),
          net::preferred_escaping(r.accept)};
}

reply_ptr page_reply(const metrics::page& p, const http_front_state::form& f) {
  constexpr const char* plain = "Vary: Accept, Accept-Encoding\r\n";
  constexpr const char* packed =
      "Vary: Accept, Accept-Encoding\r\nContent-Encoding: gzip\r\n";
  std::string type =
      f.format == net::format::text_0_0_4 ? exposition_type : openmetrics_type;
  if (!f.escaping.empty())
    type.append("; escaping=").append(f.escaping);
  return std::make_shared<const net::reply>(200, type, p.text,
                                            f.compressed ? packed : plain);
}

/// The answer to a client that the guard does not admit; null if it does.
reply_ptr refusal(permission granted) {
  switch (granted) {
  case permission::full:
  case permission::health_only:
    return nullptr;
  case permission::login_needed:
    return text_reply(401, "Unauthorized\n",
                      "WWW-Authenticate: Basic realm=\"betanet_exporter\", "
                      "charset=\"UTF-8\"\r\n");
  case permission::too_often:
    return text_reply(429, "Too many requests.\n", "Retry-After: 1\r\n");
  case permission::busy:
    return text_reply(503, "Too many logins are being checked.\n",
                      "Retry-After: 1\r\n");
  case permission::broken:
    return text_reply(500, "The web configuration cannot be used.\n");
  }
  return nullptr;
}

/// The answer to a request for an unknown path or with a wrong method; null for
/// other requests.
reply_ptr objection(const pages::route& r, net::method m) {
  if (&r == &pages::unknown_route)
    return text_reply(404, "Not found.\n");
  const bool get = m == net::method::get || m == net::method::head;
  if (r.is_post ? m == net::method::post : get)
    return nullptr;
  return text_reply(405, "Method not allowed.\n",
                    r.is_post ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
}

reply_ptr cache_does_not_answer() {
  return text_reply(503, "The cache does not answer.\n");
}

} // namespace

http_front_actor::behavior_type http_front_state::make_behavior() {
  return {
      [this](atom::serve, exchange_ptr& e, permission granted) {
        serve(std::move(e), granted);
      },
  };
}

// -- routing -----------------------------------------------------------------

void http_front_state::serve(exchange_ptr e, permission granted) {
  const auto& request = e->request();
  note_stats(request.stats);
  const auto& route = pages::find_route(request.path, settings.telemetry_path);
  if (auto r = refusal(granted))
    return respond(e, std::move(r));
  if (auto r = objection(route, request.method))
    return respond(e, std::move(r));
  switch (route.from) {
  case pages::source::exposition:
    return scrape(std::move(e));
  case pages::source::census:
    return show_census(e, granted);
  case pages::source::reload:
    return reload(e);
  case pages::source::configuration:
    return describe_settings(e);
  }
}

void http_front_state::respond(const exchange_ptr& e, reply_ptr r) {
  const auto& route =
      pages::find_route(e->request().path, settings.telemetry_path);
  if (!e->request().own)
    ++requests.at(route, r->status());
  e->respond(std::move(r));
}

/// Stores the server's counters, which arrive with each request. A request that
/// had to wait for the check of its login brings older ones.
void http_front_state::note_stats(const net::server_stats& s) {
  if (s.reading >= server.reading)
    server = s;
}

// -- metrics -----------------------------------------------------------------

void http_front_state::scrape(exchange_ptr e) {
  const auto& request = e->request();
  if (settings.max_requests &&
      request.stats.slow_responses >= settings.max_requests)
    return respond(e,
                   text_reply(503, "Limit of concurrent requests reached (" +
                                       std::to_string(settings.max_requests) +
                                       "), try again later.\n"));
  if (const auto target = net::query_value(request.query, "target"))
    return scrape_target(e, *target);
  for (auto& [_, edition] : editions)
    if (self->clock().now() - edition.page_time >= page_lifetime)
      edition.page = nullptr; // frees the memory of forms that nobody asks for
  auto& [form, edition] = *editions.try_emplace(form_of(request)).first;
  if (edition.page) {
    ++scrapes;
    return respond(e, edition.page);
  }
  edition.waiting.push_back(std::move(e));
  if (edition.waiting.size() == 1)
    ask_for_page(form, edition);
}

void http_front_state::ask_for_page(const form& f, edition& of) {
  for (std::size_t i = 0; i < net::protocol_errors.size(); ++i)
    if (server.errors[i] > 0)
      requests.at(pages::unknown_route, net::protocol_errors[i]) =
          server.errors[i];
  const metrics::front_totals totals{requests.all(), server.connections,
                                     server.rejected_limit,
                                     server.rejected_descriptors};
  self->request(
          cache, cache_timeout, atom::render_v,
          page_query{
              totals, std::exchange(scrapes, 0), f.format, f.compressed, {}})
      .then([this, &f,
             &of](const page_ptr& p) { page_arrived(of, page_reply(*p, f)); },
            [this, &of](const caf::error&) {
              page_arrived(of, cache_does_not_answer());
            });
}

void http_front_state::page_arrived(edition& of, const reply_ptr& r) {
  if (r->status() == 200) {
    of.page = r;
    of.page_time = self->clock().now();
    scrapes += of.waiting.size();
  }
  for (const auto& e : std::exchange(of.waiting, {}))
    respond(e, r);
}

void http_front_state::scrape_target(const exchange_ptr& e,
                                     const std::string& target) {
  const auto form = form_of(e->request());
  self->request(cache, cache_timeout, atom::render_v,
                page_query{{}, 0, form.format, form.compressed, target})
      .then(
          [this, e, form](const page_ptr& p) {
            respond(e, !p ? text_reply(404, "No such target.\n")
                          : page_reply(*p, form));
          },
          [this, e](const caf::error&) {
            respond(e, cache_does_not_answer());
          });
}

// -- the configuration -------------------------------------------------------

void http_front_state::reload(const exchange_ptr& e) {
  self->request(reloader, reloader_timeout, atom::reload_v)
      .then(
          [this, e](const std::string& problems) {
            respond(e, problems.empty() ? text_reply(200, "Reloaded.\n")
                                        : text_reply(500, problems + "\n"));
          },
          [this, e](const caf::error&) {
            respond(e, text_reply(500, "The reload did not end in time.\n"));
          });
}

void http_front_state::describe_settings(const exchange_ptr& e) {
  self->request(reloader, reloader_timeout, atom::describe_v)
      .then(
          [this, e](const std::string& yaml) {
            respond(e, reply_of({200, "text/yaml; charset=utf-8", yaml}));
          },
          [this, e](const caf::error&) {
            respond(e, text_reply(503, "The configuration is busy.\n"));
          });
}

// -- pages made of the census ------------------------------------------------

void http_front_state::show_census(const exchange_ptr& e, permission granted) {
  self->request(cache, cache_timeout, atom::list_v)
      .then(
          [this, e, granted](const census_ptr& all) {
            const auto& request = e->request();
            const pages::view v{*all,
                                self->clock().now(),
                                started,
                                settings.version,
                                settings.telemetry_path,
                                request.host,
                                net::query_value(request.query, "target"),
                                granted == permission::full,
                                settings.reached_at};
            const auto& route =
                pages::find_route(request.path, settings.telemetry_path);
            respond(e, reply_of(route.make(v)));
          },
          [this, e](const caf::error&) {
            const auto& route =
                pages::find_route(e->request().path, settings.telemetry_path);
            respond(e, reply_of(pages::without_census(route)));
          });
}

http_front_actor::behavior_type
http_front(http_front_actor::stateful_pointer<http_front_state> self,
           front_settings settings, page_source_actor cache,
           reloader_actor reloader) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.cache = std::move(cache);
  state.reloader = std::move(reloader);
  state.started = self->clock().now();
  return state.make_behavior();
}

} // namespace betanet
