#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>

namespace betanet {

using journal_impl = journal_actor::extend<
    // Scheduled message to itself: mention the outages that go on. At most one
    // is pending.
    caf::reacts_to<atom::remind>,
    // Delayed message to itself: count the outages that were not told one by
    // one. At most one is pending.
    caf::reacts_to<atom::summarize>>;

struct journal_state {
  explicit journal_state(journal_impl::pointer p) : self(p) {}
  journal_impl::behavior_type make_behavior();

  void on_attempt(const metrics::subject_ptr& s, const attempt_report& r);
  void on_failed_poll(const metrics::subject_ptr& s, const ended_poll& p);
  void on_good_poll(const metrics::subject& s, const ended_poll& p);
  void on_breaker(const metrics::subject& s, const ended_poll& p);
  void on_incident(const metrics::subject& s, incident what);
  void remind();
  void summarize();

  void set_alarms();

  journal_impl::pointer self;
  event_log log;
  std::function<metrics::wall_time()> wall_clock;
  metrics::outages outages;
  bool reminder_pending = false, digest_pending = false;
  static inline const char* name = "journal";
};

journal_impl::behavior_type
journal(journal_impl::stateful_pointer<journal_state> self, event_log l,
        std::function<metrics::wall_time()> wall_clock);

} // namespace betanet
