#include "actors/scheduler.hpp"

#include <algorithm>

namespace betanet {

scheduler_impl::behavior_type scheduler_state::make_behavior() {
  return {
      [this](atom::watch, const supervisor_actor& who,
             const metrics::tick_grid& grid,
             bool at_once) { watch(who, grid, at_once); },
      [this](atom::unwatch, const supervisor_actor& who) { forget(who); },
      [this](atom::tick) { send_due_ticks(); },
  };
}

void scheduler_state::watch(const supervisor_actor& who,
                            const metrics::tick_grid& grid, bool at_once) {
  const auto former = forget(who);
  targets[who] = {grid, former.ticks, {}};
  const auto now = self->clock().now();
  const metrics::duration instant{1};
  if (at_once) // grid points in the first half interval are left out
    send_tick(who, grid.origin + grid.interval / 2 - instant);
  else if (former.ticks == 0)
    set_due(who, grid.after(grid.origin - instant));
  else // A longer new interval must not delay the next tick that was announced,
       // or health checks would report the target as overdue.
    set_due(who, std::min(former.due, grid.after(now)));
  set_alarm();
}

auto scheduler_state::forget(const supervisor_actor& who) -> watched {
  const auto known = targets.extract(who);
  if (!known)
    return {};
  agenda.erase({known.mapped().due, who});
  return known.mapped();
}

void scheduler_state::set_due(const supervisor_actor& who,
                              metrics::time_point due) {
  targets[who].due = due;
  agenda.emplace(due, who);
}

void scheduler_state::set_alarm() {
  if (agenda.empty() || (alarm && *alarm <= agenda.begin()->first))
    return;
  alarm = agenda.begin()->first;
  self->scheduled_send(scheduler_impl{self}, *alarm, atom::tick_v);
}

void scheduler_state::send_due_ticks() {
  const auto now = self->clock().now();
  while (!agenda.empty() && agenda.begin()->first <= now)
    send_tick(agenda.extract(agenda.begin()).value().second, now);
  if (alarm && *alarm <= now)
    alarm.reset();
  set_alarm();
}

void scheduler_state::send_tick(const supervisor_actor& who,
                                metrics::time_point earliest) {
  auto& t = targets[who];
  const auto next = t.grid.after(std::max(earliest, self->clock().now()));
  self->send(who, atom::collect_v, tick{++t.ticks, next});
  set_due(who, next);
}

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self) {
  return self->state.make_behavior();
}

} // namespace betanet
