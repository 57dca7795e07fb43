#include "actors/scheduler.hpp"

#include <algorithm>

namespace betanet {

scheduler_impl::behavior_type scheduler_state::make_behavior() {
  return {
      [this](atom::watch, supervisor_actor& who, const metrics::tick_grid& grid,
             bool at_once) { watch(std::move(who), grid, at_once); },
      [this](atom::unwatch, const supervisor_actor& who) { forget(who); },
      [this](atom::tick, std::uint64_t number) {
        if (targets.contains(number))
          send_tick(number, self->clock().now());
      },
  };
}

void scheduler_state::watch(supervisor_actor who,
                            const metrics::tick_grid& grid, bool at_once) {
  const auto former = forget(who);
  const auto number = ++numbers;
  numbers_of[who] = number;
  targets[number] = {std::move(who), grid, former.ticks};
  const auto now = self->clock().now();
  const metrics::duration instant{1};
  if (at_once) // grid points in the first half interval are left out
    return send_tick(number, grid.origin + grid.interval / 2 - instant);
  if (former.ticks == 0)
    return set_alarm(number, grid.after(grid.origin - instant));
  // A longer new interval must not delay the next tick that was announced, or
  // health checks would report the target as overdue.
  set_alarm(number, std::min(former.due, grid.after(now)));
}

auto scheduler_state::forget(const supervisor_actor& who) -> watched {
  const auto known = numbers_of.extract(who);
  return known ? std::move(targets.extract(known.mapped()).mapped())
               : watched{};
}

void scheduler_state::set_alarm(std::uint64_t number, metrics::time_point due) {
  targets[number].due = due;
  self->scheduled_send(scheduler_impl{self}, due, atom::tick_v, number);
}

void scheduler_state::send_tick(std::uint64_t number,
                                metrics::time_point earliest) {
  auto& t = targets[number];
  const auto next = t.grid.after(std::max(earliest, self->clock().now()));
  self->send(t.supervisor, atom::collect_v, tick{++t.ticks, next});
  set_alarm(number, next);
}

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self) {
  return self->state.make_behavior();
}

} // namespace betanet
