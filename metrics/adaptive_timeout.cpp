#include "metrics/adaptive_timeout.hpp"

#include <algorithm>
#include <cmath>

namespace betanet::metrics {

namespace {

// The factors of RFC 6298, 2.3.
constexpr double alpha = 1.0 / 8, beta = 1.0 / 4, k = 4;

/// How many times RFC 6298's timeout and the slowest recent answer are allowed.
/// With less, healthy servers with a long tail of latencies time out.
constexpr double margin = 2, tail_margin = 1.5;

/// With fewer samples the configured timeout is used.
constexpr std::uint64_t min_samples = 20;

constexpr int most_doublings = 4;

/// A lost SYN is sent again after 1 s; the rest is for the answer.
constexpr std::chrono::milliseconds least_with_connect{1250};

/// The largest timeout that can be configured.
constexpr std::chrono::hours longest_sample{24};

double seconds(duration d) {
  return std::chrono::duration<double>(d).count();
}

duration to_duration(double seconds) {
  return std::chrono::round<duration>(std::chrono::duration<double>(seconds));
}

} // namespace

duration request_timeout::on_fresh_connection() const {
  return std::min(most_, std::max<duration>(limit_, least_with_connect));
}

duration request_timeout::exceeded_after(duration took) const {
  return took < on_fresh_connection() ? limit_ : on_fresh_connection();
}

void request_timeout::back_off() {
  if (doublings_ == 0)
    return;
  --doublings_;
  limit_ = std::min(most_, 2 * limit_);
}

adaptive_timeout::adaptive_timeout(duration most) : most_(most) {}

request_timeout adaptive_timeout::next() const {
  const auto limit = to_duration(std::ldexp(base(), back_off_));
  return {std::min(most_, limit), most_, most_doublings - back_off_};
}

/// The limit in seconds if no request has timed out since the latest answer.
double adaptive_timeout::base() const {
  if (samples_ < min_samples)
    return seconds(most_);
  const double slowest = *std::max_element(recent_.begin(), recent_.end());
  const double learned =
      std::max(margin * (srtt_ + k * rttvar_), tail_margin * slowest);
  return std::min(std::max(learned, seconds(least)), seconds(most_));
}

void adaptive_timeout::succeeded(duration took) {
  if (took <= duration::zero() || took > longest_sample)
    return;
  for (std::uint32_t i = 0; i < pending_count_; ++i)
    remember(pending_[i]);
  pending_count_ = 0;
  const double r = seconds(std::min(took, most_)); // more is our own delay
  if (samples_ == 0) {
    srtt_ = r;
    rttvar_ = r / 2;
  } else {
    rttvar_ = (1 - beta) * rttvar_ + beta * std::abs(srtt_ - r);
    srtt_ = (1 - alpha) * srtt_ + alpha * r;
  }
  remember(r);
  ++samples_;
  back_off_ = 0;
}

void adaptive_timeout::timed_out(duration limit) {
  if (limit < timeout())
    return;
  if (pending_count_ < most_pending)
    pending_[pending_count_++] =
        static_cast<float>(seconds(std::min(limit, most_)));
  back_off_ = std::min(back_off_ + 1, most_doublings);
}

void adaptive_timeout::remember(double seconds) {
  recent_[next_recent_] = static_cast<float>(seconds);
  next_recent_ = (next_recent_ + 1) % window;
}

} // namespace betanet::metrics
