#pragma once

#include "actors/actors.hpp"
#include "metrics/replicas.hpp"
#include "net/http_client.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>

namespace betanet {

/// Starts one request to the endpoint of a fetcher. The transport calls the
/// given function once, from any thread, within the given limits. Outside of
/// tests this is `net::http_client::get`.
using transport =
    std::function<void(net::time_limits, std::function<void(net::outcome)>)>;

/// What a poll is worth that ended with this outcome of an attempt.
metrics::poll judge(endpoint e, const net::outcome& o);

/// The settings of a fetcher.
struct fetch_settings {
  betanet::endpoint endpoint{};
  metrics::retry_plan retries;
};

using fetcher_impl = fetcher_actor::extend<
    // From the transport: the outcome of the attempt with this number.
    caf::reacts_to<atom::answer, std::uint64_t, outcome_ptr>,
    // From an actor that has judged a large answer: what the attempt with this
    // number is worth. Only `poll` and `expiry` are set.
    caf::reacts_to<atom::poll, std::uint64_t, poll_report>,
    // Delayed message to itself: the pause after the attempt with this number
    // is over.
    caf::reacts_to<atom::retry, std::uint64_t>>;

struct fetcher_state {
  explicit fetcher_state(fetcher_impl::pointer p) : self(p) {}
  fetcher_impl::behavior_type make_behavior();

  poll_order::turn& turn() { return order.turns[chain->place()]; }

  void start_poll(const metrics::ticket& t, poll_order o);
  void on_answer(std::uint64_t which, const outcome_ptr& outcome);
  void start_attempt();
  void check_deadline();
  void finish_attempt(metrics::poll result, certificate_expiry seen = {});
  void retry(attempt_report failed);
  std::optional<metrics::duration> pause_after(const metrics::poll& result);

  fetcher_impl::pointer self;
  fetch_settings settings;
  std::vector<transport> get;     ///< One for each replica.
  std::function<double()> random; ///< Gives random numbers from [-1, 1].
  supervisor_actor supervisor;

  std::optional<metrics::ticket> running; ///< The ticket of the running poll.
  poll_order order; ///< Of the latest poll, never without a turn.
  std::optional<metrics::attempt_chain> chain; ///< Of the latest poll.
  /// The number of the latest attempt. Numbers are never reused.
  std::uint64_t number = 0;
  bool in_flight = false;        ///< The latest attempt has not ended yet.
  metrics::time_point started{}; ///< When the latest attempt started.
  /// The number of the attempt that the latest check found overdue.
  std::uint64_t suspected = 0;
  static inline const char* name = "fetcher";
};

fetcher_impl::behavior_type
fetcher(fetcher_impl::stateful_pointer<fetcher_state> self,
        fetch_settings settings, std::vector<transport> get,
        std::function<double()> random, supervisor_actor supervisor);

} // namespace betanet
