#include "actors/group.hpp"
#include "bench/counts/bodies.hpp"
#include "bench/counts/deterministic.hpp"
#include "bench/counts/workloads.hpp"

#include <caf/send.hpp>

#include <cstdlib>

namespace betanet::counts {

namespace {

using namespace std::chrono_literals;

/// The latest snapshot of the only target.
snapshot_ptr latest;

snapshot_store_actor::behavior_type store() {
  return {
      [](atom::put, const std::string&, snapshot_ptr s) {
        latest = std::move(s);
      },
      [](atom::restore, const std::string&) { return latest; },
  };
}

/// Nothing fails, so that there is nothing to note.
journal_actor::behavior_type journal() {
  return {
      [](atom::attempt, const metrics::subject_ptr&, const attempt_report&) {},
      [](atom::poll, const metrics::subject_ptr&, const ended_poll_ptr&) {},
      [](atom::note, const metrics::subject_ptr&, incident) {},
      [](atom::drop, std::uint64_t) {},
  };
}

transport answering(endpoint e) {
  return [e](net::time_limits, const std::function<void(net::outcome)>& done) {
    done(net::response{200, std::string{body_of(e)}, 0s});
  };
}

} // namespace

void collect(int n) {
  deterministic_system actors;
  const auto settings = config::parse_yaml("", "");
  const auto target =
      std::make_shared<const config::target>(settings.targets.at(0));
  latest = empty_snapshot(*target, actors.system.clock().now());
  const auto kept = actors.system.spawn(store);
  const auto notes = actors.system.spawn(journal);
  const auto group = spawn_group(
      actors.system, target,
      {nullptr, kept, notes, event_log{}, true,
       [](const config::target&, endpoint e) { return answering(e); },
       [] { return metrics::wall_time{}; }, [] { return 0.0; }});
  actors.run();
  for (int i = 1; i <= n; ++i) {
    actors.scheduler.clock().advance_time(15s);
    const auto next = actors.system.clock().now() + 15s;
    caf::anon_send(group, atom::collect_v,
                   tick{static_cast<std::uint64_t>(i), next});
    actors.run();
    if (!latest->endpoints.back().last_good)
      std::abort();
  }
  caf::anon_send_exit(group, caf::exit_reason::user_shutdown);
  actors.run();
  caf::anon_send_exit(kept, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(notes, caf::exit_reason::user_shutdown);
  actors.run();
}

} // namespace betanet::counts
