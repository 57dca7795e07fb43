#include "actors/http_front.hpp"

#include "actors/front_replies_impl.hpp"
#include "net/query.hpp"

namespace betanet {

namespace {

/// How long the front waits for the presenter, which itself waits for the cache
/// for 1 s and renders pages one after the other.
constexpr auto presenter_timeout = std::chrono::seconds{5};
/// The least time between two reloads that clients ask for.
constexpr auto reload_pause = std::chrono::seconds{1};
/// How long the front waits for the reloader. A reload reads files, which may
/// be on a slow mount. The time is below 30 s, the default of
/// `web.write_timeout`.
constexpr auto reloader_timeout = std::chrono::seconds{25};

} // namespace

http_front_impl::behavior_type http_front_state::make_behavior() {
  return {
      [this](atom::serve, exchange_ptr& e, permission granted) {
        serve(std::move(e), granted);
      },
      [this](atom::reload) { ask_for_reload(); },
      [this](atom::overdue) { tell_late(); },
      [this](atom::drop) { drop_old_pages(); },
  };
}

// -- routing -----------------------------------------------------------------

void http_front_state::serve(exchange_ptr e, permission granted) {
  const auto& request = e->request();
  note_stats(request.stats);
  const auto& route = pages::find_route(request.path, settings.telemetry_path);
  if (auto r = reply_to_denied(granted))
    return respond(e, std::move(r));
  if (auto r = reply_to_unservable(route, request))
    return respond(e, std::move(r));
  switch (route.from) {
  case pages::source::exposition:
    return scrape(std::move(e));
  case pages::source::census:
    return show_census(std::move(e), route, granted);
  case pages::source::reload:
    return reload(std::move(e));
  case pages::source::configuration:
    return describe_settings(std::move(e), route);
  }
}

void http_front_state::respond(const exchange_ptr& e, reply_ptr r) {
  const auto& route =
      pages::find_route(e->request().path, settings.telemetry_path);
  if (!e->request().own)
    ++requests.at(route, r->status());
  if (route.from == pages::source::exposition)
    e->respond_to_scrape(std::move(r));
  else
    e->respond(std::move(r));
}

/// Stores the server's counters, which arrive with each request. A request that
/// had to wait for the check of its login brings older ones.
void http_front_state::note_stats(const net::server_stats& s) {
  if (s.requests >= server.requests)
    server = s;
}

/// Makes sure that `tell_late` runs after this time at the latest.
void http_front_state::watch(metrics::duration d) {
  const auto at = self->clock().now() + d;
  if (watched_until && *watched_until <= at)
    return;
  watched_until = at;
  self->scheduled_send(http_front_impl{self}, at, atom::overdue_v);
}

/// Answers clients whose question another actor has not answered in its time.
void http_front_state::tell_late() {
  if (!watched_until || self->clock().now() < *watched_until)
    return;
  watched_until.reset();
  tell_late(page_questions, cache_timeout, reply_without_cache());
  tell_late(target_questions, cache_timeout, reply_without_cache());
  tell_late(census_questions, presenter_timeout, reply_without_cache());
  tell_late(settings_questions, reloader_timeout,
            reply_without_configuration());
  tell_late(reload_questions, reloader_timeout, reply_without_reload());
}

template <class Question>
void http_front_state::tell_late(shared_questions<Question>& questions,
                                 metrics::duration timeout,
                                 const reply_ptr& r) {
  const auto left = questions.time_left(self->clock().now(), timeout);
  if (!left)
    return;
  if (*left > left->zero())
    return watch(*left);
  for (const auto& e : questions.expire())
    respond(e, r);
  watch(timeout);
}

/// Whether an answer that was made at this time still serves for this route.
bool http_front_state::is_young(metrics::time_point made,
                                const pages::route& r) const {
  return self->clock().now() - made < r.lifetime;
}

// -- pages made of the census ------------------------------------------------

void http_front_state::show_census(exchange_ptr e, const pages::route& route,
                                   permission granted) {
  const auto& request = e->request();
  const bool of_health =
      route.make == pages::health || route.make == pages::healthy;
  if (of_health && page_is_late())
    return respond(e, answer_without_cache(route));
  const auto parameter = [&](std::string_view name) {
    return net::query_value(request.query, name);
  };
  census_query q{.route = &route,
                 .target = parameter("target"),
                 .host = route.make == pages::discovery ? request.host : "",
                 .detailed = granted == permission::full,
                 .filter = parameter("filter").value_or(""),
                 .page = parameter("page").value_or(""),
                 .compressed = net::accepts_gzip(request.accept_encoding)};
  const auto kept = kept_census.find(&route);
  if (kept != kept_census.end() && kept->second.question == q &&
      is_young(kept->second.made, route))
    return respond(e, kept->second.reply);
  census_questions.add(std::move(q), std::move(e));
  ask_for_census();
}

void http_front_state::ask_for_census() {
  const auto* const q = census_questions.begin(self->clock().now());
  if (!q)
    return;
  watch(presenter_timeout);
  self->request(presenter, caf::infinite, atom::show_v, *q)
      .then(
          [this, q = *q](const reply_ptr& r) {
            kept_census[q.route] = {q, r, self->clock().now()};
            answer_all(census_questions, q, r);
            ask_for_census();
          },
          [this, q = *q](const caf::error&) {
            answer_all(census_questions, q, reply_without_cache());
            ask_for_census();
          });
}

// -- the configuration -------------------------------------------------------

void http_front_state::describe_settings(exchange_ptr e,
                                         const pages::route& route) {
  if (kept_settings.reply && is_young(kept_settings.made, route))
    return respond(e, kept_settings.reply);
  settings_questions.add({}, std::move(e));
  ask_for_settings();
}

void http_front_state::ask_for_settings() {
  if (!settings_questions.begin(self->clock().now()))
    return;
  watch(reloader_timeout);
  self->request(reloader, caf::infinite, atom::describe_v)
      .then(
          [this](const std::string& yaml) {
            const auto r = std::make_shared<const net::reply>(
                200, "text/yaml; charset=utf-8", yaml);
            kept_settings = {{}, r, self->clock().now()};
            answer_all(settings_questions, {}, r);
          },
          [this](const caf::error&) {
            answer_all(settings_questions, {}, reply_without_configuration());
          });
}

void http_front_state::reload(exchange_ptr e) {
  reload_questions.add({reloads}, std::move(e));
  ask_for_reload();
}

/// Reloads for those who wait. Those who come while it runs get the next one,
/// because they may have changed the file after it was read.
void http_front_state::ask_for_reload() {
  const auto now = self->clock().now();
  if (now < next_reload)
    return;
  const auto* const q = reload_questions.begin(now);
  if (!q)
    return;
  watch(reloader_timeout);
  ++reloads;
  next_reload = now + reload_pause;
  self->scheduled_send(http_front_impl{self}, next_reload, atom::reload_v);
  self->request(reloader, caf::infinite, atom::reload_v)
      .then(
          [this, q = *q](const reload_result& r) {
            answer_all(reload_questions, q,
                       text_reply(r.successful ? 200 : 500, r.text));
            ask_for_reload();
          },
          [this, q = *q](const caf::error&) {
            answer_all(reload_questions, q, reply_without_reload());
            ask_for_reload();
          });
}

http_front_impl::behavior_type
http_front(http_front_impl::stateful_pointer<http_front_state> self,
           front_settings settings, page_source_actor cache,
           presenter_actor presenter, reloader_actor reloader) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.cache = std::move(cache);
  state.presenter = std::move(presenter);
  state.reloader = std::move(reloader);
  return state.make_behavior();
}

} // namespace betanet
