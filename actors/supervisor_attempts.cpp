#include "actors/supervisor.hpp"

#include <algorithm>

/// The attempts of the polls: which replica each asks, what is counted of it,
/// and what is learned from its end.
namespace betanet {

namespace {

/// The status of the answer to an attempt that ended with `f`, or with nothing
/// if it was good; 0 if there was no complete answer.
int status_of(const metrics::failure* f) {
  const bool read = !f || f->why == metrics::reason::json ||
                    f->why == metrics::reason::schema;
  return read ? 200 : f->status;
}

} // namespace

/// Starts the poll whose ticket the breaker has handed out. `collection` is the
/// number of the tick, 0 for a probe.
void supervisor_state::start_poll(watched_endpoint& w,
                                  std::uint64_t collection) {
  const auto now = self->clock().now();
  w.collection = collection;
  w.started_attempts = w.ended_attempts = 0;
  w.order = w.breaker.current()->probe ? std::vector{replicas.for_probe()}
                                       : replicas.order(latest_tick, now);
  count_start(w);
  poll_order order;
  for (const auto replica : w.order)
    order.turns.push_back({replica, w.timeouts.next(replica, now)});
  self->send(w.fetcher, atom::fetch_v, *w.breaker.current(), std::move(order));
}

void supervisor_state::count_start(watched_endpoint& w) {
  ++w.status.counters.requests;
  if (++w.started_attempts > 1)
    ++w.status.counters.retries;
  replicas.asked(w.asked());
}

std::uint32_t supervisor_state::watched_endpoint::asked() const {
  const auto latest = static_cast<std::size_t>(std::max(started_attempts, 1));
  return order[(latest - 1) % order.size()];
}

/// Learns from the end of the latest attempt: `f` is null if it was good, and
/// `limit` was its time limit. Returns whether a failure of the replica is
/// news.
bool supervisor_state::learn(endpoint e, const metrics::failure* f,
                             std::optional<metrics::duration> took,
                             metrics::duration limit) {
  auto& w = at(e);
  const auto now = self->clock().now();
  const auto replica = w.asked();
  if (!f && took)
    w.timeouts.succeeded(replica, *took, now);
  if (f && f->why == metrics::reason::timeout)
    w.timeouts.timed_out(replica, limit);
  switch (f ? verdict_of(*f) : metrics::verdict::success) {
  case metrics::verdict::success:
  case metrics::verdict::neither:
    replicas.answered(replica, e);
    break;
  case metrics::verdict::failure:
    return replicas.failed(replica, e, now) || replicas.size() == 1;
  case metrics::verdict::local:
    break;
  }
  return true;
}

void supervisor_state::count_end(endpoint e, const metrics::failure* f,
                                 std::optional<metrics::duration> took) {
  auto& c = at(e).status.counters;
  ++at(e).ended_attempts;
  if (f)
    ++c.failures[metrics::index(f->why)];
  if (!took)
    return;
  c.request_duration.observe(metrics::request_duration_bounds,
                             std::chrono::duration<double>(*took).count());
  log_answer(e, f, *took);
}

void supervisor_state::log_answer(endpoint e, const metrics::failure* f,
                                  metrics::duration took) const {
  const int status = status_of(f);
  if (status == 0 || !log.writes(event_log::level::debug))
    return;
  const auto rounded = std::chrono::floor<std::chrono::microseconds>(took);
  log.debug("Betanet answered", {{"target", settings.target},
                                 {"endpoint", betanet::name(e)},
                                 {"status", std::to_string(status)},
                                 {"took", config::print_duration(rounded)}});
}

/// Most attempts use a kept connection and see no certificate.
void supervisor_state::note_certificate(certificate_expiry seen) {
  if (seen)
    expiry = seen;
}

void supervisor_state::on_attempt(const attempt_report& r) {
  auto& w = at(r.endpoint);
  if (!w.breaker.awaits(r.ticket))
    return;
  count_end(r.endpoint, &r.failure, r.took);
  note_certificate(r.expiry);
  auto told = r;
  told.expected = !learn(r.endpoint, &r.failure, r.took, r.limit);
  w.failure_told = true;
  self->send(journal, atom::attempt_v, w.about(), std::move(told));
  publish();
}

void supervisor_state::on_retry(endpoint e, const metrics::ticket& t) {
  auto& w = at(e);
  if (!w.breaker.awaits(t))
    return;
  count_start(w);
  publish();
}

/// Sets the time limits that the next polls begin with, if they are learned.
void supervisor_state::show_timeouts() {
  const auto now = self->clock().now();
  for (auto& w : endpoints)
    if (w.timeouts.adaptive())
      w.status.request_timeout =
          w.timeouts.next(replicas.order(latest_tick + 1, now).front(), now)
              .on_kept_connection();
    else
      w.status.request_timeout.reset();
}

} // namespace betanet
