#include "metrics/replicas.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace betanet::metrics {

void replica_set::set_rules(metrics::balance b, duration rest) {
  balance_ = b;
  rest_ = rest;
}

std::vector<std::uint32_t> replica_set::order(std::uint64_t tick,
                                              time_point now) const {
  std::vector<std::uint32_t> all(states_.size());
  std::iota(all.begin(), all.end(), 0U);
  if (balance_ == balance::round_robin)
    std::rotate(all.begin(),
                all.begin() + static_cast<std::ptrdiff_t>(tick % all.size()),
                all.end());
  std::stable_partition(all.begin(), all.end(), [&](std::uint32_t i) {
    return states_[i].shown.rests_until <= now;
  });
  return all;
}

std::uint32_t replica_set::for_probe() const {
  const auto longest_ago = std::min_element(
      states_.begin(), states_.end(), [](const state& a, const state& b) {
        return a.shown.rests_until < b.shown.rests_until;
      });
  return static_cast<std::uint32_t>(longest_ago - states_.begin());
}

bool replica_set::failed(std::size_t replica, endpoint e, time_point now) {
  auto& s = states_[replica];
  const bool news =
      std::none_of(s.failing.begin(), s.failing.end(), std::identity{});
  s.failing[index(e)] = true;
  s.shown.rests_until = now + rest_;
  return news;
}

void replica_set::answered(std::size_t replica, endpoint e) {
  auto& s = states_[replica];
  s.failing[index(e)] = false;
  if (std::none_of(s.failing.begin(), s.failing.end(), std::identity{}))
    s.shown.rests_until = {};
}

std::optional<duration> attempt_chain::next(const failure& last,
                                            const retry_plan& plan, double u) {
  retry_after_.resize(replicas_);
  retry_after_[place()] = last.retry_after;
  std::optional<duration> pause;
  if (static_cast<std::size_t>(attempts_) < replicas_) {
    if (verdict_of(last) == verdict::failure || retryable(last))
      pause = duration::zero();
  } else {
    auto about_next = last;
    const auto next_place = static_cast<std::size_t>(attempts_) % replicas_;
    about_next.retry_after = retry_after_[next_place];
    pause = plan.next(attempts_, about_next, u);
  }
  attempts_ += pause.has_value();
  return pause;
}

} // namespace betanet::metrics
