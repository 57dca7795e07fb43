#pragma once

#include "actors/actors.hpp"
#include "metrics/retry.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>

namespace betanet {

/// How a fetcher reaches its endpoint: starts one request, which ends within
/// the timeout by one call of the function, from any thread. Outside of tests
/// this is `net::http_client::get`.
using transport = std::function<void(std::chrono::nanoseconds,
                                     std::function<void(net::outcome)>)>;

/// What a fetcher needs to know of its target.
struct fetch_settings {
  betanet::endpoint endpoint{};
  metrics::duration timeout{}; ///< Of one attempt.
  metrics::retry_plan retries;
};

using fetcher_impl = fetcher_actor::extend<
    // From the network: the answer to the attempt of this number.
    caf::reacts_to<atom::answer, std::uint64_t, outcome_ptr>,
    // Its own alarm: the pause after the attempt of this number is over.
    caf::reacts_to<atom::retry, std::uint64_t>,
    // Its own alarm: the transport should have answered the attempt by now.
    caf::reacts_to<atom::overdue, std::uint64_t>>;

struct fetcher_state {
  explicit fetcher_state(fetcher_impl::pointer p) : self(p) {}
  fetcher_impl::behavior_type make_behavior();

  void start_attempt();
  void finish_attempt(const net::outcome& outcome);
  void attempt_failed(const metrics::failure& f);
  void end_poll(metrics::poll p);

  fetcher_impl::pointer self;
  fetch_settings settings;
  transport get;
  std::function<double()> random; ///< Uniform in [-1, 1].
  supervisor_actor supervisor;

  std::optional<metrics::ticket> running;
  int attempts = 0; ///< Of the running poll.
  std::uint64_t number =
      0;                  ///< Of the latest attempt; numbers are never reused.
  bool in_flight = false; ///< The latest attempt has not been answered.
  metrics::time_point started{}; ///< When the latest attempt started.
  static inline const char* name = "fetcher";
};

fetcher_impl::behavior_type
fetcher(fetcher_impl::stateful_pointer<fetcher_state> self,
        fetch_settings settings, transport get, std::function<double()> random,
        supervisor_actor supervisor);

} // namespace betanet
