#pragma once

#include "metrics/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace betanet::metrics {

/// The time limit of the requests of one poll to one server. Each request that
/// times out doubles it, as RFC 6298, 5.5 does.
class request_timeout {
public:
  /// A limit that never changes.
  explicit request_timeout(duration fixed) : request_timeout(fixed, fixed, 0) {}

  /// The limit may be doubled this often, and never exceeds `most`.
  request_timeout(duration limit, duration most, int doublings)
      : limit_(limit), most_(most), doublings_(doublings) {}

  /// The limit of a request over a kept connection.
  duration on_kept_connection() const { return limit_; }

  /// The limit of a request that opens a connection first. It survives one lost
  /// SYN, which is sent again after 1 s (RFC 6298, 2.1).
  duration on_fresh_connection() const;

  /// The limit that a request had which timed out after this time.
  duration exceeded_after(duration took) const;

  /// A request timed out: doubles the limit.
  void back_off();

  bool operator==(const request_timeout&) const = default;

private:
  duration limit_, most_;
  int doublings_;
};

/// Learns from the answers of one endpoint of one server how long a request may
/// take, so that a server that hangs is given up earlier than after the
/// configured timeout. The limit is twice RFC 6298's retransmission timeout,
/// and at least 1.5 times the slowest of the latest answers.
///
/// This class has no clock: the caller replaces it when no request has
/// succeeded for an hour.
class adaptive_timeout {
public:
  /// No limit is below this one, unless `most` is: twice the smallest
  /// retransmission timeout of Linux, 200 ms, and some time to answer.
  static constexpr std::chrono::milliseconds least{500};

  /// The limit never exceeds `most`, the configured timeout. It is that until
  /// 20 requests have succeeded.
  explicit adaptive_timeout(duration most);

  /// The limits of the next poll.
  request_timeout next() const;

  /// The limit of the next request over a kept connection.
  duration timeout() const { return next().on_kept_connection(); }

  /// A request took this long from its start to the last byte of the answer.
  /// Ignored unless it is above 0 and at most a day.
  void succeeded(duration took);

  /// A request was given up after `limit`. If the poll succeeds, the limit
  /// counts as a lower bound of the time that the answer needed. Ignored if
  /// `limit` is below the present timeout: that says nothing about the server.
  void timed_out(duration limit);

  /// The poll has ended: forgets the requests of it that timed out.
  void end_poll() { pending_count_ = 0; }

private:
  static constexpr std::size_t window = 64;
  /// As many requests as a poll may make: 1 + 16 retries.
  static constexpr std::size_t most_pending = 17;

  double base() const;
  void remember(double seconds);

  duration most_;
  double srtt_ = 0, rttvar_ = 0; ///< Seconds; the names are those of RFC 6298.
  std::uint64_t samples_ = 0;    ///< Requests that have succeeded.
  std::array<float, window> recent_{}; ///< Seconds; a ring.
  std::array<float, most_pending> pending_{};
  std::uint32_t next_recent_ = 0, pending_count_ = 0;
  int back_off_ = 0; ///< How often the limit has been doubled.
};

static_assert(sizeof(adaptive_timeout) <= 640,
              "there is one for each endpoint of each target");

} // namespace betanet::metrics
