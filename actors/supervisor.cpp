#include "actors/supervisor.hpp"

#include <algorithm>

namespace betanet {

namespace {

using metrics::breaker_state;
using metrics::circuit;

/// The limit of restarts, after the "restart intensity" of Erlang's
/// supervisors. If more actors of a group die within the window, a restart does
/// not help, and the process terminates.
constexpr std::size_t max_restarts = 5;
constexpr auto restart_window = std::chrono::seconds{60};

/// The log level of an event: `news` if it is reported for the first time in an
/// outage, else debug.
constexpr auto level_of(bool is_news, event_log::level news) {
  return is_news ? news : event_log::level::debug;
}

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
  if (first_tick == 0)
    first_tick = t.number;
  update u;
  if (const auto g = std::exchange(changed, nullptr)) {
    apply_settings(*g);
    u.rules = g->rules;
  }
  log.write(level_of(!settings.rules.quiet, event_log::level::info),
            "Collecting Betanet metrics...", {{"target", settings.target}});
  for (const auto e : all_endpoints) {
    auto& w = at(e);
    replace_outdated_fetcher(e);
    switch (w.breaker.admit()) {
    case circuit::admission::admitted:
      ++collections[t.number].running;
      start_poll(w, t.number);
      break;
    case circuit::admission::skipped:
      ++w.status.counters.skipped;
      break;
    case circuit::admission::rejected:
      refuse_tick(e);
    }
  }
  publish(std::move(u));
}

void supervisor_state::apply_settings(const group_settings& g) {
  settings = g;
  for (auto& w : endpoints) {
    w.breaker.set_failure_threshold(g.failure_threshold);
    w.outdated = true;
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
  if (w.outage.refused(self->clock().now()))
    log.warn("Circuit breaker is OPEN - service may be degraded",
             {{"target", settings.target}, {"endpoint", betanet::name(e)}});
}

void supervisor_state::on_attempt(const attempt_report& r) {
  auto& w = at(r.endpoint);
  if (!w.breaker.awaits(r.ticket))
    return;
  count_end(w, &r.failure, r.took);
  log.write(level_of(w.outage.retry_is_news(), event_log::level::warn),
            "Attempt " + std::to_string(r.attempt) +
                " failed: HTTP request failed: " + r.failure.text +
                ", retrying in " + config::print_duration(r.retry_in),
            {{"target", settings.target},
             {"endpoint", betanet::name(r.endpoint)},
             {"reason", metrics::name(r.failure.why)}});
  publish();
}

void supervisor_state::on_retry(endpoint e, const metrics::ticket& t) {
  auto& w = at(e);
  if (!w.breaker.awaits(t))
    return;
  count_start(w);
  publish();
}

void supervisor_state::on_poll(const poll_report& r) {
  auto& w = at(r.endpoint);
  if (!w.breaker.awaits(r.ticket))
    return;
  const auto& failure = r.poll.failure;
  count_end(w, failure ? &*failure : nullptr, r.took);
  finish_poll(r);
}

void supervisor_state::finish_poll(const poll_report& r) {
  auto& w = at(r.endpoint);
  const auto& failure = r.poll.failure;
  w.status.record(r.poll, self->clock().now(), settings.wall_clock());
  const auto entered = w.breaker.record(
      r.ticket, failure ? verdict_of(*failure) : metrics::verdict::success);
  if (r.poll.result == metrics::quality::good)
    note_good_poll(r.endpoint, r);
  else
    note_failed_poll(r.endpoint, r.poll);
  if (entered)
    enter(r.endpoint, *entered, r.ticket.probe);
  update u;
  u.finished.emplace(r.endpoint, r.poll);
  u.read_collection = finish_collection(w.collection, r.poll);
  publish(std::move(u));
}

void supervisor_state::on_half_open(endpoint e, std::uint64_t generation) {
  auto& w = at(e);
  replace_outdated_fetcher(e);
  if (!w.breaker.half_open(generation))
    return;
  enter(e, breaker_state::half_open, false);
  start_poll(w, 0);
  publish();
}

/// Starts the poll whose ticket the breaker has handed out. `collection` is the
/// number of the tick, 0 for a probe.
void supervisor_state::start_poll(watched_endpoint& w,
                                  std::uint64_t collection) {
  w.collection = collection;
  w.started_attempts = w.ended_attempts = 0;
  count_start(w);
  self->send(w.fetcher, atom::fetch_v, *w.breaker.current());
}

void supervisor_state::count_start(watched_endpoint& w) {
  ++w.status.counters.requests;
  if (++w.started_attempts > 1)
    ++w.status.counters.retries;
}

void supervisor_state::count_end(watched_endpoint& w, const metrics::failure* f,
                                 std::optional<metrics::duration> took) {
  auto& c = w.status.counters;
  ++w.ended_attempts;
  if (f)
    ++c.failures[metrics::index(f->why)];
  if (took)
    c.request_duration.observe(metrics::request_duration_bounds,
                               std::chrono::duration<double>(*took).count());
}

/// Records the end of a poll of the collection that began with `tick`. Returns
/// true if it was the last poll and at least one of them was good or partial.
bool supervisor_state::finish_collection(std::uint64_t tick,
                                         const metrics::poll& p) {
  const auto found = collections.find(tick);
  if (found == collections.end())
    return false; // a probe belongs to no collection
  auto& c = found->second;
  c.read = c.read || p.result != metrics::quality::bad;
  if (--c.running > 0)
    return false;
  const bool read = c.read;
  collections.erase(found);
  collected = collected || tick == first_tick;
  return read;
}

// -- breakers and outages ----------------------------------------------------

/// Handles the change of a breaker to the state `s`: counts and logs it and,
/// for `open`, schedules the change to half-open.
void supervisor_state::enter(endpoint e, breaker_state s, bool was_probe) {
  auto& w = at(e);
  ++w.status.counters.transitions[metrics::index(s)];
  w.status.breaker_since = settings.wall_clock();
  const event_log::fields where{{"target", settings.target},
                                {"endpoint", betanet::name(e)}};
  switch (s) {
  case breaker_state::open:
    self->scheduled_send(supervisor_impl{self},
                         self->clock().now() + settings.open_duration,
                         atom::half_open_v, e, w.breaker.generation());
    if (was_probe)
      return log.debug("Circuit breaker: Probe failed, circuit stays open",
                       where);
    return log.warn("Circuit breaker: Opening circuit after " +
                        std::to_string(w.breaker.consecutive_failures()) +
                        " failures",
                    where);
  case breaker_state::half_open:
    return log.write(
        level_of(w.outage.half_opened(), event_log::level::info),
        "Circuit breaker: Attempting recovery, entering half-open state",
        where);
  case breaker_state::closed:
    w.outage.closed();
    log.info("Circuit breaker: Service recovered, closing circuit", where);
  }
}

void supervisor_state::note_good_poll(endpoint e, const poll_report& r) {
  const auto lasted =
      at(e).outage.recovered(self->clock().now(), r.poll.attempts);
  if (!lasted || r.ticket.probe) // for a probe, `enter` logs the recovery
    return;
  log.info("Recovered after " +
               config::print_duration(
                   std::chrono::round<std::chrono::seconds>(*lasted)),
           {{"target", settings.target}, {"endpoint", betanet::name(e)}});
}

void supervisor_state::note_failed_poll(endpoint e, const metrics::poll& p) {
  const bool begins = at(e).outage.failed(self->clock().now());
  const bool nowhere = all_answer_404();
  const bool hint = nowhere && !not_found_told;
  not_found_told = nowhere;
  std::string text = "Failed to fetch Betanet metrics: ";
  if (p.attempts > 1)
    text += "All retries failed: ";
  text += p.failure->text;
  if (hint)
    text += " from all three endpoints: is this a Betanet service with the v1 "
            "API, is a path prefix missing from its URL?";
  log.write(level_of(begins || hint, event_log::level::error), text,
            {{"target", settings.target},
             {"endpoint", betanet::name(e)},
             {"reason", metrics::name(p.failure->why)}});
}

bool supervisor_state::all_answer_404() const {
  return std::all_of(endpoints.begin(), endpoints.end(), [](const auto& w) {
    const auto& s = w.status;
    return s.last_result == metrics::quality::bad && s.last_failure &&
           s.last_failure->status == 404;
  });
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
  for (auto& w : endpoints)
    self->send_exit(w.fetcher, caf::exit_reason::user_shutdown);
  self->send_exit(aggregator, caf::exit_reason::user_shutdown);
  self->quit(std::move(reason));
}

void supervisor_state::publish(update u) {
  u.at = self->clock().now();
  for (const auto e : all_endpoints) {
    auto& w = at(e);
    w.status.breaker = w.breaker.state();
    w.status.consecutive_failures = w.breaker.consecutive_failures();
    u.endpoints[index(e)] = w.status;
  }
  u.restarts = restarts;
  u.next_tick = next_tick;
  u.collected = collected;
  self->send(aggregator, atom::update_v,
             std::make_shared<const update>(std::move(u)));
}

supervisor_impl::behavior_type
supervisor(supervisor_impl::stateful_pointer<supervisor_state> self,
           group_settings settings, event_log l) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.log = std::move(l);
  state.next_tick = self->clock().now();
  for (const auto e : all_endpoints) {
    state.endpoints.emplace_back(state.settings.failure_threshold);
    state.at(e).status.breaker_since = state.settings.wall_clock();
    state.at(e).fetcher = state.settings.make_fetcher(self, e);
    self->monitor(state.at(e).fetcher);
  }
  state.aggregator = state.settings.make_aggregator(self);
  self->monitor(state.aggregator);
  return state.make_behavior();
}

} // namespace betanet
