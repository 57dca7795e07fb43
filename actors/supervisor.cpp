#include "actors/supervisor.hpp"

#include <utility>

namespace betanet {

namespace {

using metrics::breaker_state;
using metrics::circuit;

/// The limit of restarts, after the "restart intensity" of Erlang's
/// supervisors. If more actors of a group die within the window, a restart does
/// not help, and the process terminates.
constexpr std::size_t max_restarts = 5;
constexpr auto restart_window = std::chrono::seconds{60};

} // namespace

supervisor_impl::behavior_type supervisor_state::make_behavior() {
  self->set_down_handler([this](caf::down_msg& down) { on_down(down); });
  self->set_exit_handler(
      [this](caf::exit_msg& e) { stop(std::move(e.reason)); });
  return {
      [this](atom::collect, const tick& t) { on_tick(t); },
      [this](atom::attempt, const attempt_report& r) { on_attempt(r); },
      [this](atom::retry, endpoint e, const metrics::ticket& t) {
        on_retry(e, t);
      },
      [this](atom::poll, const poll_report& r) { on_poll(r); },
      [this](atom::configure, group_ptr& g) { changed = std::move(g); },
      [this](atom::half_open, endpoint e, std::uint64_t generation) {
        on_half_open(e, generation);
      },
  };
}

// -- polling -----------------------------------------------------------------

void supervisor_state::on_tick(const tick& t) {
  next_tick = t.next;
  latest_tick = t.number;
  update u;
  if (const auto g = std::exchange(changed, nullptr)) {
    apply_settings(*g);
    u.rules = g->rules;
  }
  if (!aggregator)
    start_group();
  log.write(collection_level(), "Collecting Betanet metrics...",
            {{"target", settings.target}});
  for (const auto e : all_endpoints) {
    auto& w = at(e);
    replace_outdated_fetcher(e);
    switch (w.breaker.admit()) {
    case circuit::admission::admitted:
      collections.start_poll(t.number);
      start_poll(w, t.number);
      break;
    case circuit::admission::skipped:
      ++w.status.counters.skipped;
      self->send(w.fetcher, atom::check_v);
      break;
    case circuit::admission::rejected:
      if (w.breaker.current()) // a probe
        self->send(w.fetcher, atom::check_v);
      refuse_tick(e);
    }
  }
  publish(std::move(u));
}

/// Spawns the fetchers and the aggregator.
void supervisor_state::start_group() {
  for (const auto e : all_endpoints) {
    at(e).fetcher = settings.make_fetcher(self, e);
    at(e).outdated = false;
    self->monitor(at(e).fetcher);
  }
  aggregator = settings.make_aggregator(self);
  self->monitor(aggregator);
}

void supervisor_state::apply_settings(const group_settings& g) {
  settings = g;
  replicas.set_rules(g.balance, g.open_duration);
  for (auto& w : endpoints) {
    w.timeouts.set(g.timeout, g.adaptive_timeout);
    w.breaker.set_failure_threshold(g.failure_threshold);
    w.outdated = true;
  }
  name_endpoints();
}

void supervisor_state::name_endpoints() {
  const auto& rules = settings.rules;
  for (const auto e : all_endpoints) {
    at(e).subjects.clear();
    for (std::size_t i = 0; i < settings.replicas; ++i) {
      const auto& urls =
          rules.addresses ? (*rules.addresses)[i].endpoints : *rules.urls;
      at(e).subjects.push_back(std::make_shared<const metrics::subject>(
          metrics::subject{self->id(), settings.target, e, urls[index(e)]}));
    }
  }
}

/// Replaces the fetcher if the settings have changed, unless a poll is running.
/// A running poll ends with the settings with which it began.
void supervisor_state::replace_outdated_fetcher(endpoint e) {
  auto& w = at(e);
  if (w.breaker.current() || !std::exchange(w.outdated, false))
    return;
  self->demonitor(w.fetcher.address());
  self->send_exit(w.fetcher, caf::exit_reason::user_shutdown);
  w.fetcher = settings.make_fetcher(self, e);
  self->monitor(w.fetcher);
}

void supervisor_state::refuse_tick(endpoint e) {
  auto& w = at(e);
  ++w.status.counters.rejected;
  w.status.refused = true;
  self->send(journal, atom::note_v, w.about(), incident::refused);
}

void supervisor_state::on_poll(const poll_report& r) {
  auto& w = at(r.endpoint);
  if (!w.breaker.awaits(r.ticket))
    return;
  const auto& failure = r.poll.failure;
  count_end(r.endpoint, failure ? &*failure : nullptr, r.took);
  note_certificate(r.expiry);
  learn(r.endpoint, failure ? &*failure : nullptr, r.took, r.limit);
  finish_poll(r);
}

void supervisor_state::finish_poll(const poll_report& r) {
  auto& w = at(r.endpoint);
  const auto& failure = r.poll.failure;
  w.timeouts.end_poll();
  w.status.record(r.poll, self->clock().now(), settings.wall_clock());
  const auto entered = w.breaker.record(
      r.ticket, failure ? verdict_of(*failure) : metrics::verdict::success);
  tell_journal(r.endpoint, r, entered);
  if (entered)
    enter(r.endpoint, *entered);
  update u;
  u.finished.emplace(r.endpoint, r.poll);
  u.about = w.about();
  const auto read = collections.finish_poll(w.collection, r.poll);
  if (read && log.writes(collection_level()))
    log.write(collection_level(),
              "Updated metrics: " + metrics::describe(*read),
              {{"target", settings.target}});
  publish(std::move(u));
}

void supervisor_state::on_half_open(endpoint e, std::uint64_t generation) {
  auto& w = at(e);
  replace_outdated_fetcher(e);
  if (!w.breaker.half_open(generation))
    return;
  enter(e, breaker_state::half_open);
  self->send(journal, atom::note_v, w.about(), incident::half_opened);
  start_poll(w, 0);
  publish();
}

/// Handles the change of a breaker to the state `s`: counts it and, for `open`,
/// schedules the change to half-open.
void supervisor_state::enter(endpoint e, breaker_state s) {
  auto& w = at(e);
  ++w.status.counters.transitions[metrics::index(s)];
  w.status.breaker_since = settings.wall_clock();
  if (s == breaker_state::open)
    self->scheduled_send(supervisor_impl{self},
                         self->clock().now() + settings.open_duration,
                         atom::half_open_v, e, w.breaker.generation());
}

/// Tells the journal of the end of a poll. A good poll is told only if a
/// failure was told before, so that a healthy target costs no messages.
void supervisor_state::tell_journal(endpoint e, const poll_report& r,
                                    std::optional<breaker_state> entered) {
  auto& w = at(e);
  const bool good = r.poll.result == metrics::quality::good;
  const bool awaited = w.failure_told;
  w.failure_told = !good || r.poll.attempts > 1;
  if (good && !awaited)
    return;
  self->send(journal, atom::poll_v, w.about(),
             std::make_shared<const ended_poll>(ended_poll{
                 r.poll.result, r.poll.attempts, r.poll.failure, entered,
                 r.ticket.probe, w.breaker.consecutive_failures()}));
}

event_log::level supervisor_state::collection_level() const {
  return settings.quiet ? event_log::level::debug : event_log::level::info;
}

// -- supervision -------------------------------------------------------------

void supervisor_state::on_down(const caf::down_msg& down) {
  if (down.source == aggregator.address()) {
    if (!may_restart("aggregator", down.reason))
      return;
    ++restarts.aggregator;
    aggregator = settings.make_aggregator(self);
    self->monitor(aggregator);
    update u;
    u.rules = settings.rules; // new rules may have been lost with the old actor
    return publish(std::move(u));
  }
  for (const auto e : all_endpoints)
    if (down.source == at(e).fetcher.address())
      return replace_fetcher(e, down.reason);
}

void supervisor_state::replace_fetcher(endpoint e, const caf::error& cause) {
  if (!may_restart("fetcher", cause))
    return;
  ++restarts.fetcher;
  auto& w = at(e);
  w.fetcher = settings.make_fetcher(self, e);
  self->monitor(w.fetcher);
  if (!w.breaker.current())
    return publish();
  poll_report lost{e, *w.breaker.current(), {}, std::nullopt};
  lost.poll.attempts = w.started_attempts;
  lost.poll.replica = w.asked();
  lost.poll.failure = metrics::failure{
      metrics::reason::local, "fetcher died: " + self->system().render(cause)};
  if (w.started_attempts > w.ended_attempts) // died during an attempt
    return on_poll(lost);
  finish_poll(lost);
}

bool supervisor_state::may_restart(const char* actor, const caf::error& cause) {
  const auto now = self->clock().now();
  while (!recent_restarts.empty() &&
         now - recent_restarts.front() >= restart_window)
    recent_restarts.pop_front();
  if (recent_restarts.size() == max_restarts) {
    log.error("Actor died too often, giving up",
              {{"target", settings.target},
               {"actor", actor},
               {"cause", self->system().render(cause)}});
    stop(cause);
    return false;
  }
  recent_restarts.push_back(now);
  log.error("Actor died, restarting it",
            {{"target", settings.target},
             {"actor", actor},
             {"cause", self->system().render(cause)}});
  return true;
}

void supervisor_state::stop(caf::error reason) {
  if (aggregator) {
    for (auto& w : endpoints)
      self->send_exit(w.fetcher, caf::exit_reason::user_shutdown);
    self->send_exit(aggregator, caf::exit_reason::user_shutdown);
  }
  self->send(journal, atom::drop_v, std::uint64_t{self->id()});
  self->quit(std::move(reason));
}

void supervisor_state::publish(update u) {
  u.at = self->clock().now();
  show_timeouts();
  if (settings.rules.addresses)
    for (std::size_t i = 0; i < replicas.size(); ++i)
      u.replicas.push_back(replicas.status(i));
  for (const auto e : all_endpoints) {
    auto& w = at(e);
    w.status.breaker = w.breaker.state();
    w.status.consecutive_failures = w.breaker.consecutive_failures();
    u.endpoints[index(e)] = w.status;
  }
  u.restarts = restarts;
  u.expiry = expiry;
  u.next_tick = next_tick;
  u.collected = collections.first_finished();
  self->send(aggregator, atom::update_v,
             std::make_shared<const update>(std::move(u)));
}

supervisor_impl::behavior_type
supervisor(supervisor_impl::stateful_pointer<supervisor_state> self,
           group_settings settings, journal_actor j, event_log l) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.journal = std::move(j);
  state.log = std::move(l);
  state.replicas = {state.settings.replicas, state.settings.balance,
                    state.settings.open_duration};
  for (const auto e : all_endpoints) {
    state.endpoints.emplace_back(state.settings);
    state.at(e).status.breaker_since = state.settings.wall_clock();
  }
  state.name_endpoints();
  return state.make_behavior();
}

} // namespace betanet
