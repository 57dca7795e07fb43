#include "actors/aggregator.hpp"

#include "metrics/freshness.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace betanet {

namespace {

/// How long a new aggregator waits for the cache's snapshot of its target.
constexpr auto restore_timeout = std::chrono::seconds{5};

std::string number(std::optional<double> value) {
  if (!value)
    return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.16g", *value);
  return text.data();
}

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
  latest->restarts = u.restarts;
  latest->next_tick = u.next_tick;
  latest->collected = u.collected;
  if (u.rules)
    apply_rules(*u.rules);
  if (u.finished) {
    const auto& [endpoint, poll] = *u.finished;
    latest->apply(endpoint, poll, u.at);
    warn_if_stale(endpoint, poll);
  }
  self->send(store, atom::put_v, target,
             std::make_shared<const metrics::snapshot>(*latest));
  if (u.read_collection)
    log_values();
}

/// If the buckets of the histogram have changed, it starts again at zero.
void aggregator_state::apply_rules(const display_rules& r) {
  quiet = r.quiet;
  latest->rules = r.freshness;
  latest->urls = r.urls;
  if (*latest->latency.bounds != *r.latency_bounds)
    latest->latency = metrics::latency_state{r.latency_bounds};
}

void aggregator_state::warn_if_stale(endpoint e, const metrics::poll& p) {
  auto& done = warned[index(e)];
  if (p.result == metrics::quality::good)
    done = false;
  if (p.result != metrics::quality::bad || done)
    return;
  const auto now = self->clock().now();
  const auto shows_old_value = [&](const metrics::field_row& row) {
    return row.source == e && metrics::visible(*latest, row.id, now);
  };
  done = std::any_of(metrics::field_table.begin(), metrics::field_table.end(),
                     shows_old_value);
  if (done)
    log.warn("Using stale cached data due to fetch failure",
             {{"target", target}, {"endpoint", betanet::name(e)}});
}

void aggregator_state::log_values() const {
  const auto now = self->clock().now();
  std::string values;
  for (const auto& row : metrics::field_table) {
    if (row.log_name.empty())
      continue;
    values += (values.empty() ? "" : ", ") + std::string{row.log_name} + "=" +
              number(metrics::visible(*latest, row.id, now)) +
              std::string{row.log_unit};
  }
  log.write(quiet ? event_log::level::debug : event_log::level::info,
            "Updated metrics: " + values, {{"target", target}});
}

aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, snapshot_store_actor store, event_log l,
           bool quiet) {
  auto& state = self->state;
  state.target = std::move(target);
  state.store = std::move(store);
  state.log = std::move(l);
  state.quiet = quiet;
  return state.make_behavior();
}

} // namespace betanet
