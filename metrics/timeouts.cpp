#include "metrics/timeouts.hpp"

namespace betanet::metrics {

namespace {

/// After this time without a success, another machine may have the name, or the
/// network another path: what was learned before is forgotten.
constexpr std::chrono::hours memory{1};

} // namespace

timeouts::timeouts(std::size_t replicas, duration most, bool adaptive)
    : replicas_(replicas), most_(most) {
  if (adaptive)
    learned_.assign(replicas_, {adaptive_timeout{most_}});
}

void timeouts::set(duration most, bool adaptive) {
  if (most != most_ || adaptive != this->adaptive())
    *this = timeouts{replicas_, most, adaptive};
}

request_timeout timeouts::next(std::size_t replica, time_point now) {
  if (!adaptive())
    return request_timeout{most_};
  auto& l = learned_[replica];
  if (now - l.succeeded_at > memory)
    l.state = adaptive_timeout{most_};
  return l.state.next();
}

void timeouts::succeeded(std::size_t replica, duration took, time_point now) {
  if (!adaptive())
    return;
  learned_[replica].state.succeeded(took);
  learned_[replica].succeeded_at = now;
}

void timeouts::timed_out(std::size_t replica, duration limit) {
  if (adaptive())
    learned_[replica].state.timed_out(limit);
}

void timeouts::end_poll() {
  for (auto& l : learned_)
    l.state.end_poll();
}

} // namespace betanet::metrics
