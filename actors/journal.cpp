#include "actors/journal.hpp"

#include <array>
#include <ctime>

namespace betanet {

namespace {

using metrics::breaker_state;
using metrics::subject;
using metrics::subject_ptr;

/// How long the outages that are not told one by one are counted before a line
/// tells their number.
constexpr auto digest_delay = std::chrono::minutes{1};

/// The log level of an event: `full` if it is news, else debug.
constexpr auto level_of(bool news, event_log::level full) {
  return news ? full : event_log::level::debug;
}

/// A time in UTC as RFC 3339 writes it, with seconds.
std::string print_time(metrics::wall_time at) {
  const auto t = std::chrono::system_clock::to_time_t(at);
  std::tm utc{};
  gmtime_r(&t, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

/// A duration of less than a second in milliseconds, else in seconds.
std::string print_rounded(metrics::duration d) {
  using namespace std::chrono;
  return config::print_duration(d < seconds{1}
                                    ? metrics::duration{floor<milliseconds>(d)}
                                    : metrics::duration{round<seconds>(d)});
}

} // namespace

journal_impl::behavior_type journal_state::make_behavior() {
  return {
      [this](atom::attempt, const subject_ptr& s, const attempt_report& r) {
        on_attempt(s, r);
      },
      [this](atom::poll, const subject_ptr& s, const ended_poll_ptr& p) {
        if (p->result == metrics::quality::good)
          on_good_poll(*s, *p);
        else
          on_failed_poll(s, *p);
        set_alarms();
      },
      [this](atom::note, const subject_ptr& s, incident what) {
        on_incident(*s, what);
      },
      [this](atom::drop, std::uint64_t number) { outages.forget(number); },
      [this](atom::remind) { remind(); },
      [this](atom::summarize) { summarize(); },
  };
}

// -- the events of one endpoint ----------------------------------------------

void journal_state::on_attempt(const subject_ptr& s, const attempt_report& r) {
  const bool news =
      outages.attempt_failed(s, r.attempt, self->clock().now()) && !r.expected;
  log.write(level_of(news, event_log::level::warn),
            "Attempt " + std::to_string(r.attempt) +
                " failed: HTTP request failed: " + r.failure.text +
                ", retrying in " + config::print_duration(r.retry_in),
            {{"target", s->target},
             {"endpoint", betanet::name(s->endpoint)},
             {"reason", metrics::name(r.failure.why)},
             {"url", s->url}});
}

void journal_state::on_failed_poll(const subject_ptr& s, const ended_poll& p) {
  const auto told =
      outages.poll_failed(s, *p.failure, self->clock().now(), wall_clock());
  std::string text = "Failed to fetch Betanet metrics: ";
  if (p.attempts > 1)
    text += "All retries failed: ";
  text += p.failure->text;
  if (told.all_404)
    text += " from all three endpoints: is this a Betanet service with the v1 "
            "API, is a path prefix missing from its URL?";
  log.write(level_of(told.news || told.all_404, event_log::level::error), text,
            {{"target", s->target},
             {"endpoint", betanet::name(s->endpoint)},
             {"reason", metrics::name(p.failure->why)},
             {"url", s->url}});
  on_breaker(*s, p);
}

/// Writes the line about the state that the breaker has entered with a poll
/// that was not good.
void journal_state::on_breaker(const subject& s, const ended_poll& p) {
  if (!p.entered)
    return;
  const event_log::fields where{{"target", s.target},
                                {"endpoint", betanet::name(s.endpoint)}};
  const bool told = outages.opened(s);
  switch (*p.entered) {
  case breaker_state::open:
    if (p.probe)
      return log.debug("Circuit breaker: Probe failed, circuit stays open",
                       where);
    return log.write(level_of(told, event_log::level::warn),
                     "Circuit breaker: Opening circuit after " +
                         std::to_string(p.consecutive_failures) + " failures",
                     where);
  case breaker_state::closed: // the service answers, though not as it should
    return log.write(level_of(told, event_log::level::info),
                     "Circuit breaker: Service answers, closing circuit",
                     where);
  case breaker_state::half_open: // not by a poll
    return;
  }
}

void journal_state::on_good_poll(const subject& s, const ended_poll& p) {
  const auto end = outages.recovered(s, self->clock().now(), p.attempts);
  if (!end)
    return;
  const auto lasted = print_rounded(end->lasted);
  const auto level = level_of(end->news, event_log::level::info);
  if (p.entered == breaker_state::closed)
    log.write(level, "Circuit breaker: Service recovered, closing circuit",
              {{"target", s.target},
               {"endpoint", betanet::name(s.endpoint)},
               {"after", lasted}});
  else
    log.write(level, "Recovered after " + lasted,
              {{"target", s.target}, {"endpoint", betanet::name(s.endpoint)}});
}

void journal_state::on_incident(const subject& s, incident what) {
  const event_log::fields where{{"target", s.target},
                                {"endpoint", betanet::name(s.endpoint)}};
  switch (what) {
  case incident::half_opened:
    return log.write(
        level_of(outages.half_opened(s), event_log::level::info),
        "Circuit breaker: Attempting recovery, entering half-open state",
        where);
  case incident::refused:
    if (outages.refused(s))
      log.warn("Circuit breaker is OPEN - service may be degraded", where);
    return;
  case incident::went_stale:
    if (outages.went_stale(s))
      log.warn("Using stale cached data due to fetch failure", where);
  }
}

// -- lines about all targets -------------------------------------------------

void journal_state::set_alarms() {
  if (!reminder_pending)
    if (const auto due = outages.next_reminder()) {
      reminder_pending = true;
      self->scheduled_send(journal_impl{self}, *due, atom::remind_v);
    }
  if (!digest_pending && outages.digest_due()) {
    digest_pending = true;
    self->delayed_send(journal_impl{self}, digest_delay, atom::summarize_v);
  }
}

void journal_state::remind() {
  reminder_pending = false;
  const auto due = outages.remind(self->clock().now());
  for (const auto& [about, state] : due.single)
    log.warn("Still failing", {{"target", about->target},
                               {"endpoint", betanet::name(about->endpoint)},
                               {"url", about->url},
                               {"since", print_time(state->since())},
                               {"polls", std::to_string(state->polls())},
                               {"reason", metrics::name(state->latest().why)},
                               {"error", state->latest().text}});
  if (const auto& all = due.counted)
    log.warn("Still failing", {{"failing", std::to_string(all->failing)},
                               {"since", print_time(all->since)},
                               {"reasons", all->reasons},
                               {"names", all->names}});
  set_alarms();
}

void journal_state::summarize() {
  digest_pending = false;
  const auto d = outages.take_digest();
  log.write(d.began > 0 ? event_log::level::error : event_log::level::info,
            "Further outages",
            {{"began", std::to_string(d.began)},
             {"ended", std::to_string(d.ended)},
             {"failing", std::to_string(d.now.failing)},
             {"reasons", d.now.reasons},
             {"names", d.now.names}});
}

journal_impl::behavior_type
journal(journal_impl::stateful_pointer<journal_state> self, event_log l,
        std::function<metrics::wall_time()> wall_clock) {
  auto& state = self->state;
  state.log = std::move(l);
  state.wall_clock = std::move(wall_clock);
  return state.make_behavior();
}

} // namespace betanet
