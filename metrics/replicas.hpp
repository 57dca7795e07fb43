#pragma once

#include "metrics/retry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace betanet::metrics {

/// Which replica a poll begins with, if no replica rests.
enum class balance : std::uint8_t {
  failover,    ///< The first in the list.
  round_robin, ///< The one after that of the previous tick.
};

/// The state of one replica, as pages show it.
struct replica_status {
  time_point rests_until{};   ///< In the past if it does not rest.
  std::uint64_t requests = 0; ///< Requests that were started.
};

/// The replicas of one service, by their positions in the configured list. A
/// replica of which an endpoint has failed rests: a poll of any endpoint asks
/// it last. This class has no clock.
class replica_set {
public:
  replica_set(std::size_t count, metrics::balance b, duration rest)
      : balance_(b), rest_(rest), states_(count) {}

  /// Takes effect with the next poll and the next failure.
  void set_rules(metrics::balance b, duration rest);

  /// The order in which a poll of the tick with this number asks the replicas.
  std::vector<std::uint32_t> order(std::uint64_t tick, time_point now) const;

  /// The replica that a probe of one attempt asks: one that has not failed
  /// since it answered, else the one that failed longest ago. Each gets its
  /// turn: the first may stay dead while another one is back.
  std::uint32_t for_probe() const;

  /// A request to the replica has started.
  void asked(std::size_t replica) { ++states_[replica].shown.requests; }

  /// A request to an endpoint of the replica failed. Returns whether that is
  /// news: no endpoint of the replica was failing.
  bool failed(std::size_t replica, endpoint e, time_point now);

  /// An endpoint of the replica has answered. The rest ends if that was the
  /// last one that had failed.
  void answered(std::size_t replica, endpoint e);

  const replica_status& status(std::size_t replica) const {
    return states_[replica].shown;
  }

  std::size_t size() const { return states_.size(); }

private:
  struct state {
    replica_status shown;
    /// The endpoints that have not answered since they failed.
    std::array<bool, endpoint_count> failing{};
  };

  metrics::balance balance_;
  duration rest_; ///< How long a replica rests.
  std::vector<state> states_;
};

/// The attempts of one poll. Each asks the next replica of an order; when all
/// were asked once, it begins again with the first.
class attempt_chain {
public:
  /// The first attempt has started.
  explicit attempt_chain(std::size_t replicas) : replicas_(replicas) {}

  /// The number of attempts so far, at least 1.
  int attempts() const { return attempts_; }

  /// The place in the order of the replica that the latest attempt asks.
  std::size_t place() const {
    return (static_cast<std::size_t>(attempts_) - 1) % replicas_;
  }

  /// Counts another attempt after the latest has failed, and returns the pause
  /// before it; nothing if the poll ends. A replica that was not asked yet is
  /// asked without a pause, unless the former one has answered in a way that
  /// says nothing about its health. Otherwise `plan` decides, with the random
  /// number `u` as `retry_plan::next` takes it.
  std::optional<duration> next(const failure& last, const retry_plan& plan,
                               double u);

private:
  std::size_t replicas_;
  int attempts_ = 1;
  /// What each replica has asked for by `Retry-After` when it was last asked;
  /// 0: nothing. Empty until an attempt has failed.
  std::vector<duration> retry_after_;
};

} // namespace betanet::metrics
