#include "actors/aggregator.hpp"

#include "metrics/freshness.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How long a new aggregator waits for the cache's snapshot of its target.
constexpr auto restore_timeout = std::chrono::seconds{5};

/// If the buckets of the histogram have changed, it starts again at zero.
void apply_rules(metrics::snapshot& s, const display_rules& r) {
  s.rules = r.freshness;
  s.urls = r.urls;
  s.addresses = r.addresses;
  s.labels = r.labels;
  if (*s.latency.bounds != *r.latency_bounds)
    s.latency = metrics::latency_state{r.latency_bounds};
}

} // namespace

aggregator_actor::behavior_type aggregator_state::make_behavior() {
  self->request(store, restore_timeout, atom::restore_v, target)
      .await(
          [this](const snapshot_ptr& s) {
            if (!s) // a reload has removed the target
              return self->quit(caf::exit_reason::user_shutdown);
            latest = s;
          },
          [this](caf::error& e) { self->quit(std::move(e)); });
  return {
      [this](atom::update, const update_ptr& u) { apply(*u); },
  };
}

void aggregator_state::apply(const update& u) {
  auto next = std::make_shared<metrics::snapshot>(*latest);
  next->endpoints = u.endpoints;
  next->replicas = u.replicas;
  next->restarts = u.restarts;
  next->certificate_expiry = u.expiry;
  next->next_tick = u.next_tick;
  next->collected = u.collected;
  if (u.rules)
    apply_rules(*next, *u.rules);
  if (u.finished)
    next->apply(u.finished->first, u.finished->second, u.at);
  latest = std::move(next);
  self->send(store, atom::put_v, target, latest);
  if (u.finished && u.finished->second.result == metrics::quality::bad &&
      shows_old_value(u.finished->first))
    self->send(journal, atom::note_v, u.about, incident::went_stale);
}

/// Whether a value is shown that an earlier poll of the endpoint has read.
bool aggregator_state::shows_old_value(endpoint e) const {
  const auto now = self->clock().now();
  return std::any_of(metrics::field_table.begin(), metrics::field_table.end(),
                     [&](const metrics::field_row& row) {
                       return row.source == e &&
                              latest->fields[index(row.id)].value &&
                              metrics::visible(*latest, row.id, now);
                     });
}

aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, snapshot_store_actor store,
           journal_actor journal) {
  auto& state = self->state;
  state.target = std::move(target);
  state.store = std::move(store);
  state.journal = std::move(journal);
  return state.make_behavior();
}

} // namespace betanet
