#include "actors/presenter.hpp"

#include "net/gzip.hpp"
#include "pages/routes.hpp"

namespace betanet {

namespace {

/// How long the presenter waits for the cache before it answers with 503.
constexpr auto cache_timeout = std::chrono::seconds{1};

/// Errors are short and never compressed.
reply_ptr reply_of(const pages::answer& a, bool compressed = false) {
  std::string fields = a.fields;
  fields += "Vary: Accept-Encoding\r\n";
  if (!compressed || a.status != 200)
    return std::make_shared<const net::reply>(a.status, a.content_type, a.body,
                                              fields);
  return std::make_shared<const net::reply>(
      a.status, a.content_type, net::gzip(a.body),
      fields + "Content-Encoding: gzip\r\n");
}

} // namespace

presenter_actor::behavior_type presenter_state::make_behavior() {
  return {
      [this](atom::show, const census_query& q) -> caf::result<reply_ptr> {
        auto answer = self->make_response_promise<reply_ptr>();
        self->request(cache, cache_timeout, atom::list_v)
            .then(
                [=, this](const census_ptr& all) mutable {
                  answer.deliver(present(q, *all));
                },
                [=](const caf::error&) mutable {
                  answer.deliver(reply_of(pages::without_census(*q.route)));
                });
        return answer;
      },
  };
}

reply_ptr presenter_state::present(const census_query& q,
                                   const metrics::census& all) const {
  return reply_of(q.route->make({.all = all,
                                 .now = self->clock().now(),
                                 .started = started,
                                 .version = settings.version,
                                 .telemetry_path = settings.telemetry_path,
                                 .host = q.host,
                                 .target = q.target,
                                 .detailed = q.detailed,
                                 .reached_at = settings.reached_at,
                                 .wall_now = settings.wall_clock(),
                                 .filter = q.filter,
                                 .page = q.page}),
                  q.compressed);
}

presenter_actor::behavior_type
presenter(presenter_actor::stateful_pointer<presenter_state> self,
          presenter_settings settings, page_source_actor cache) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.cache = std::move(cache);
  state.started = self->clock().now();
  return state.make_behavior();
}

} // namespace betanet
