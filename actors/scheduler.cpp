#include "actors/scheduler.hpp"

namespace betanet {

scheduler_impl::behavior_type scheduler_state::make_behavior() {
  return {
      [this](atom::watch, supervisor_actor& who, const metrics::tick_grid& grid,
             bool at_once) {
        const auto index = targets.size();
        targets.push_back({std::move(who), grid});
        const metrics::duration instant{1};
        if (at_once) // grid points soon after would only repeat it
          send_tick(index, grid.origin + grid.interval / 2 - instant);
        else
          self->scheduled_send(scheduler_impl{self},
                               grid.after(grid.origin - instant), atom::tick_v,
                               std::uint64_t{index});
      },
      [this](atom::tick, std::uint64_t index) {
        send_tick(index, self->clock().now());
      },
  };
}

void scheduler_state::send_tick(std::uint64_t index,
                                metrics::time_point earliest) {
  auto& t = targets[index];
  const auto next = t.grid.after(std::max(earliest, self->clock().now()));
  self->send(t.supervisor, atom::collect_v, tick{++t.ticks, next});
  self->scheduled_send(scheduler_impl{self}, next, atom::tick_v, index);
}

scheduler_impl::behavior_type
scheduler(scheduler_impl::stateful_pointer<scheduler_state> self) {
  return self->state.make_behavior();
}

} // namespace betanet
