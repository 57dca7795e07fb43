#include "actors/fetcher.hpp"

#include "actors/enums.hpp"
#include "metrics/parse.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <utility>

namespace betanet {

namespace {

/// How long after its timeout an attempt counts as overdue: the transport
/// should have reported the timeout itself.
constexpr auto grace = std::chrono::seconds{1};

/// In bytes. A body of this size is parsed in 1 ms; those of Betanet have less
/// than 400 bytes.
constexpr std::size_t large_body = 256 << 10;

/// The failure of an attempt that was answered with a status other than 200;
/// nothing for status 200.
std::optional<metrics::failure> status_failure(const net::response& r) {
  const auto why = metrics::reason_of_status(r.status);
  if (!why)
    return std::nullopt;
  metrics::failure f{*why, "HTTP status " + std::to_string(r.status), r.status};
  if (why == metrics::reason::http_3xx)
    f.text += ", redirects are not followed";
  if (retryable(f))
    f.retry_after = r.retry_after;
  return f;
}

metrics::poll failed_poll(metrics::failure f) {
  metrics::poll p;
  p.failure = std::move(f);
  return p;
}

} // namespace

metrics::poll judge(endpoint e, const net::outcome& o) {
  if (const auto* error = std::get_if<net::error>(&o))
    return failed_poll({to_metrics(error->code), error->text});
  const auto& response = std::get<net::response>(o);
  if (auto f = status_failure(response))
    return failed_poll(std::move(*f));
  return metrics::poll_of(metrics::parse(e, response.body));
}

fetcher_impl::behavior_type fetcher_state::make_behavior() {
  return {
      [this](atom::fetch, const metrics::ticket& t, poll_order& o) {
        start_poll(t, std::move(o));
      },
      [this](atom::check) { check_deadline(); },
      [this](atom::answer, std::uint64_t which, const outcome_ptr& outcome) {
        on_answer(which, outcome);
      },
      [this](atom::poll, std::uint64_t which, poll_report& judged) {
        if (in_flight && which == number)
          finish_attempt(std::move(judged.poll), judged.expiry);
      },
      [this](atom::retry, std::uint64_t which) {
        if (which != number) // a new poll has begun meanwhile
          return;
        self->send(supervisor, atom::retry_v, settings.endpoint, *running);
        start_attempt();
      },
  };
}

void fetcher_state::start_poll(const metrics::ticket& t, poll_order o) {
  running = t; // late answers to the previous poll are ignored
  order = std::move(o);
  chain.emplace(order.turns.size());
  start_attempt();
}

/// Large answers are judged by an actor of their own on CAF's worker: this one
/// may run where all sockets wait.
void fetcher_state::on_answer(std::uint64_t which, const outcome_ptr& outcome) {
  if (!in_flight || which != number)
    return;
  const auto expiry = net::trace_of(*outcome).certificate_expiry;
  const auto* response = std::get_if<net::response>(outcome.get());
  if (!response || response->body.size() <= large_body)
    return finish_attempt(judge(settings.endpoint, *outcome), expiry);
  self->system().spawn([me = fetcher_impl{self}, which, outcome, expiry,
                        e = settings.endpoint](caf::event_based_actor* worker) {
    poll_report judged;
    judged.poll = judge(e, *outcome);
    judged.expiry = expiry;
    worker->send(me, atom::poll_v, which, std::move(judged));
  });
}

void fetcher_state::start_attempt() {
  ++number;
  in_flight = true;
  started = self->clock().now();
  const fetcher_impl me{self};
  const auto& [replica, timeout] = turn();
  get[replica]({timeout.on_kept_connection(), timeout.on_fresh_connection()},
               [me, which = number](net::outcome o) {
                 caf::anon_send(
                     me, atom::answer_v, which,
                     std::make_shared<const net::outcome>(std::move(o)));
               });
}

/// Ends an attempt at the second check that finds it overdue. At the first one,
/// after a pause of the whole process, its outcome may be on its way. Checks
/// cost nothing while all is well; an alarm for each attempt would wake two
/// threads.
void fetcher_state::check_deadline() {
  const auto deadline = started + turn().timeout.on_fresh_connection() + grace;
  if (!in_flight || self->clock().now() < deadline)
    return;
  if (std::exchange(suspected, number) == number)
    finish_attempt(failed_poll({metrics::reason::timeout, "timed out"}));
}

/// Ends the poll with the result of its latest attempt, or announces another
/// attempt.
void fetcher_state::finish_attempt(metrics::poll result,
                                   certificate_expiry seen) {
  in_flight = false;
  const auto took = self->clock().now() - started;
  const auto limit = turn().timeout.exceeded_after(took);
  if (result.failure && result.failure->why == metrics::reason::timeout)
    turn().timeout.back_off();
  result.attempts = chain->attempts();
  result.replica = turn().replica;
  if (const auto pause = pause_after(result))
    return retry(attempt_report{settings.endpoint, *running, result.attempts,
                                std::move(*result.failure), took, *pause, seen,
                                limit});
  self->send(supervisor, atom::poll_v,
             poll_report{settings.endpoint, *running, std::move(result), took,
                         seen, limit});
  running.reset();
}

/// Reports the failed attempt and announces the next one. Without a pause it is
/// an ordinary message, so that it does not wait for the clock.
void fetcher_state::retry(attempt_report failed) {
  const auto pause = failed.retry_in;
  self->send(supervisor, atom::attempt_v, std::move(failed));
  if (pause == pause.zero())
    self->send(fetcher_impl{self}, atom::retry_v, number);
  else
    self->delayed_send(fetcher_impl{self}, pause, atom::retry_v, number);
}

/// The pause before the next attempt, which it counts; empty: there is none.
std::optional<metrics::duration>
fetcher_state::pause_after(const metrics::poll& result) {
  if (!result.failure || running->probe)
    return std::nullopt;
  return chain->next(*result.failure, settings.retries, random());
}

fetcher_impl::behavior_type
fetcher(fetcher_impl::stateful_pointer<fetcher_state> self,
        fetch_settings settings, std::vector<transport> get,
        std::function<double()> random, supervisor_actor supervisor) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.get = std::move(get);
  state.random = std::move(random);
  state.supervisor = std::move(supervisor);
  return state.make_behavior();
}

} // namespace betanet
