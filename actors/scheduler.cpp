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
  targets[number] = {std::move(who), grid, former.ticks};
  const metrics::duration instant{1};
  if (at_once) // grid points soon after would only repeat it
    return send_tick(number, grid.origin + grid.interval / 2 - instant);
  const auto from = former.ticks ? self->clock().now() : grid.origin - instant;
  self->scheduled_send(scheduler_impl{self}, grid.after(from), atom::tick_v,
                       number);
}

auto scheduler_state::forget(const supervisor_actor& who) -> watched {
  const auto found =
      std::find_if(targets.begin(), targets.end(),
                   [&](const auto& t) { return t.second.supervisor == who; });
  return found == targets.end() ? watched{}
                                : std::move(targets.extract(found).mapped());
}

void scheduler_state::send_tick(std::uint64_t number,
                                metrics::time_point earliest) {
  auto& t = targets[number];
  const auto next = t.grid.after(std::max(earliest, self->clock().now()));
  self->send(t.supervisor, atom::collect_v, tick{++t.ticks, next});
  self->scheduled_send(scheduler_impl{self}, next, atom::tick_v, number);
}

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self) {
  return self->state.make_behavior();
}

} // namespace betanet
