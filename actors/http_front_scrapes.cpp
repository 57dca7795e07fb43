#include "actors/front_replies_impl.hpp"
#include "actors/http_front.hpp"
#include "net/query.hpp"

#include <algorithm>

/// Scrapes: which pages of metrics the front asks for and keeps.
namespace betanet {

namespace {

/// The reply with this page to a request, made once for each escaping.
reply_ptr reply_with(http_front_state::kept_page& p, const net::request& r) {
  const auto escaping = net::preferred_escaping(r.accept);
  auto& reply = p.replies[escaping];
  if (!reply)
    reply =
        page_reply(p.page, p.question.format, p.question.compressed, escaping);
  return reply;
}

} // namespace

void http_front_state::scrape(exchange_ptr e) {
  const auto& request = e->request();
  // A client with less than a quarter of the slow scrapes is served, so that
  // others cannot keep it out.
  const auto own_share = std::max<std::uint64_t>(settings.max_requests / 4, 1);
  if (settings.max_requests && request.own_slow_scrapes >= own_share &&
      request.stats.slow_scrapes >= settings.max_requests)
    return respond(e,
                   text_reply(503, "Limit of concurrent requests reached (" +
                                       std::to_string(settings.max_requests) +
                                       "), try again later.\n"));
  page_question q{net::preferred_format(request.accept),
                  net::accepts_gzip(request.accept_encoding),
                  net::query_value(request.query, "target")};
  drop_old_pages();
  for (auto& kept : kept_pages)
    if (kept.question == q) {
      ++scrapes;
      return respond(e, reply_with(kept, request));
    }
  auto& questions = questions_like(q);
  questions.add(std::move(q), std::move(e));
  ask_for_pages(questions);
}

/// The questions among which this one waits.
shared_questions<http_front_state::page_question>&
http_front_state::questions_like(const page_question& q) {
  return q.target ? target_questions : page_questions;
}

/// Pages are large: they are dropped even if nobody asks for another one.
void http_front_state::drop_old_pages() {
  const auto& route =
      pages::find_route(settings.telemetry_path, settings.telemetry_path);
  std::erase_if(kept_pages,
                [&](const auto& kept) { return !is_young(kept.made, route); });
}

void http_front_state::ask_for_pages(
    shared_questions<page_question>& questions) {
  while (const auto* q = questions.begin(self->clock().now())) {
    watch(cache_timeout);
    const bool whole = !q->target;
    const page_query asked{whole ? totals() : metrics::front_totals{},
                           whole ? std::exchange(scrapes, 0) : 0, q->format,
                           q->compressed, q->target};
    self->request(cache, caf::infinite, atom::render_v, asked)
        .then([this, q = *q](const page_ptr& p) { page_arrived(q, p); },
              [this, q = *q, &questions](const caf::error&) {
                answer_all(questions, q, reply_without_cache());
                ask_for_pages(questions);
              });
  }
}

metrics::front_totals http_front_state::totals() {
  for (std::size_t i = 0; i < net::protocol_errors.size(); ++i)
    if (server.errors[i] > 0)
      requests.at(pages::unknown_route, net::protocol_errors[i]) =
          server.errors[i];
  return {requests.all(), server.connections, server.rejected_limit,
          server.rejected_descriptors, server.certificate_expiry};
}

void http_front_state::page_arrived(const page_question& q, const page_ptr& p) {
  kept_page arrived{q, p, self->clock().now(), {}};
  auto& questions = questions_like(q);
  const auto waiting = questions.end(q);
  for (const auto& e : waiting)
    respond(e, p ? reply_with(arrived, e->request())
                 : text_reply(404, "No such target.\n"));
  if (!arrived.question.target) {
    kept_pages.push_back(std::move(arrived));
    self->delayed_send(
        http_front_impl{self},
        pages::find_route(settings.telemetry_path, settings.telemetry_path)
            .lifetime,
        atom::drop_v);
    scrapes += waiting.size();
  }
  ask_for_pages(questions);
}

/// Whether the renderer has not answered for so long that it may hang.
bool http_front_state::page_is_late() const {
  const auto late = [this](const auto& questions) {
    const auto left = questions.time_left(self->clock().now(), cache_timeout);
    return left && *left <= left->zero();
  };
  return late(page_questions) || late(target_questions);
}

} // namespace betanet
