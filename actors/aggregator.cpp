#include "actors/aggregator.hpp"

#include <cstdio>

namespace betanet {

namespace {

/// What a restarted aggregator waits for its state.
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
  self->request(cache, restore_timeout, atom::restore_v, target)
      .await(
          [this](const snapshot_ptr& s) {
            if (!s) // a reload has dropped the target
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
    adopt(*u.rules);
  if (u.finished) {
    const auto& [endpoint, poll] = *u.finished;
    latest->apply(endpoint, poll, u.at);
    note_outage(endpoint, poll);
  }
  self->send(cache, atom::put_v, target,
             std::make_shared<const metrics::snapshot>(*latest));
  if (u.read_collection)
    log_values();
}

/// Other buckets are another histogram: it starts anew.
void aggregator_state::adopt(const display_rules& r) {
  quiet = r.quiet;
  latest->rules = r.freshness;
  if (*latest->latency.bounds != *r.latency_bounds)
    latest->latency = metrics::latency_state{r.latency_bounds};
}

void aggregator_state::note_outage(metrics::endpoint e,
                                   const metrics::poll& p) {
  auto& done = noted[metrics::index(e)];
  if (p.result == metrics::quality::good)
    done = false;
  if (p.result != metrics::quality::bad || done)
    return;
  for (std::size_t i = 0; i < metrics::field_count; ++i) {
    const auto f = static_cast<metrics::field>(i);
    if (metrics::source(f) != e || !latest->fields[i].value ||
        !metrics::visible(*latest, f, self->clock().now()))
      continue;
    done = true;
    return log.warn("Using stale cached data due to fetch failure",
                    {{"target", target}, {"endpoint", metrics::name(e)}});
  }
}

void aggregator_state::log_values() const {
  const auto now = self->clock().now();
  const auto value = [&](metrics::field f) {
    return number(metrics::visible(*latest, f, now));
  };
  log.write(quiet ? event_log::level::debug : event_log::level::info,
            "Updated metrics: nodes=" + value(metrics::field::total_nodes) +
                ", connections=" + value(metrics::field::active_nodes) +
                ", throughput=" + value(metrics::field::bytes_transmitted) +
                " bytes",
            {{"target", target}});
}

aggregator_actor::behavior_type
aggregator(aggregator_actor::stateful_pointer<aggregator_state> self,
           std::string target, cache_actor cache, event_log l, bool quiet) {
  auto& state = self->state;
  state.target = std::move(target);
  state.cache = std::move(cache);
  state.log = std::move(l);
  state.quiet = quiet;
  return state.make_behavior();
}

} // namespace betanet
