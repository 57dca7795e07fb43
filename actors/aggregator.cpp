#include "actors/aggregator.hpp"

#include "metrics/freshness.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How long a new aggregator waits for the cache's snapshot of its target.
constexpr auto restore_timeout = std::chrono::seconds{5};

} // namespace

aggregator_actor::behavior_type aggregator_state::make_behavior() {
  self->request(store, restore_timeout, atom::restore_v, target)
      .await(
          [this](const snapshot_ptr& s) {
            if (!s) // a reload has removed the target
              return self->quit(caf::exit_reason::user_shutdown);
            latest = *s;
          },
          [this](caf::error& e) { self->quit(std::move(e)); });
  return {
      [this](atom::update, const update_ptr& u) { apply(*u); },
  };
}

void aggregator_state::apply(const update& u) {
  latest->endpoints = u.endpoints;
  latest->replicas = u.replicas;
  latest->restarts = u.restarts;
  latest->certificate_expiry = u.expiry;
  latest->next_tick = u.next_tick;
  latest->collected = u.collected;
  if (u.rules)
    apply_rules(*u.rules);
  if (u.finished) {
    const auto& [endpoint, poll] = *u.finished;
    latest->apply(endpoint, poll, u.at);
    if (poll.result == metrics::quality::bad && shows_old_value(endpoint))
      self->send(journal, atom::note_v, u.about, incident::went_stale);
  }
  self->send(store, atom::put_v, target,
             std::make_shared<const metrics::snapshot>(*latest));
}

/// If the buckets of the histogram have changed, it starts again at zero.
void aggregator_state::apply_rules(const display_rules& r) {
  latest->rules = r.freshness;
  latest->urls = r.urls;
  latest->addresses = r.addresses;
  latest->labels = r.labels;
  if (*latest->latency.bounds != *r.latency_bounds)
    latest->latency = metrics::latency_state{r.latency_bounds};
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
