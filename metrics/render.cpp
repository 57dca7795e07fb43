#include "metrics/render.hpp"

#include "metrics/families_impl.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

activity activity_of(const snapshot& s) {
  activity a;
  for (const auto e : all_endpoints)
    a.endpoints[index(e)] = s.endpoints[index(e)].counters;
  a.restarts = s.restarts;
  if (s.addresses)
    a.counter_holds = s.counter_holds;
  for (std::size_t i = 0; i < s.replicas.size(); ++i)
    a.replica_requests[(*s.addresses)[i].url] = s.replicas[i].requests;
  return a;
}

/// Leaves out what was counted for replicas that the target has no longer.
activity without_former_replicas(activity a, const snapshot& s) {
  if (!s.addresses)
    a.counter_holds.reset();
  std::erase_if(a.replica_requests, [&](const auto& counted) {
    return !s.addresses ||
           std::none_of(s.addresses->begin(), s.addresses->end(),
                        [&](const auto& r) { return r.url == counted.first; });
  });
  return a;
}

/// Appends the head of each family and calls `lines(index, text)` to append its
/// samples. A family without samples gets no head.
template <class Lines>
void append(std::string& text, const family_lines& heads, Lines lines) {
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const auto start = text.size();
    text += heads[i];
    const auto head_end = text.size();
    lines(i, text);
    if (text.size() == head_end)
      text.resize(start);
  }
}

} // namespace

activity exposition::cached_target::counted() const {
  auto all = former;
  all += activity_of(*latest);
  return all;
}

activity exposition::cached_target::shown() const {
  return without_former_replicas(counted(), *latest);
}

exposition::exposition(detail d, build_info build, reload_status reload,
                       bool exporter_metrics)
    : detail_(d),
      build_(std::move(build)),
      reload_(reload),
      exporter_metrics_(exporter_metrics) {}

void exposition::update(const std::string& target,
                        std::shared_ptr<const snapshot> s) {
  auto& cached = targets_[target];
  cached.latest = std::move(s);
  cached.valid_until = {};
}

void exposition::replace(const std::string& target,
                         std::shared_ptr<const snapshot> s) {
  const auto known = targets_.find(target);
  if (known != targets_.end())
    known->second.former = known->second.counted();
  update(target, std::move(s));
}

void exposition::remove(const std::string& target) {
  const auto known = targets_.find(target);
  if (known == targets_.end())
    return;
  removed_ += known->second.counted();
  removed_lookups_ += known->second.lookups;
  targets_.erase(known);
}

void exposition::count_scrapes(std::uint64_t scrapes) {
  for (auto& [_, cached] : targets_)
    if (cached.last_lookup)
      cached.lookups[index(*cached.last_lookup)] += scrapes;
}

page exposition::render(time_point now, const front_totals& front,
                        const process_stats& process) {
  page result;
  result.fresh = true;
  auto all_activity = removed_;
  auto all_lookups = removed_lookups_;
  std::vector<family_lines> cache;
  for (auto& [target, cached] : targets_) {
    const auto& s = *cached.latest;
    refresh(target, cached, now);
    cached.last_lookup = look_up(s, now);
    result.fresh = result.fresh && cached.last_lookup == lookup::fresh;
    if (cached.last_lookup != lookup::miss)
      for (const auto e : all_endpoints)
        result.oldest_age = std::max(result.oldest_age, age(s, e, now));
    if (detail_ == detail::full) {
      cache.push_back(cache_lines(target, cached.lookups));
    } else {
      all_activity += cached.counted();
      all_lookups += cached.lookups;
    }
  }
  const auto own = process_lines(front);
  append(result.text, target_heads(), [&](std::size_t i, auto& text) {
    for (const auto& [_, cached] : targets_)
      text += cached.values[i];
    text += own[i];
  });
  if (detail_ == detail::full) {
    append(result.text, activity_heads(), [&](std::size_t i, auto& text) {
      for (const auto& [_, cached] : targets_)
        text += cached.activity[i];
    });
  } else {
    const auto lines = activity_lines({}, all_activity);
    append(result.text, activity_heads(),
           [&](std::size_t i, auto& text) { text += lines[i]; });
    cache.push_back(cache_lines({}, all_lookups));
  }
  append(result.text, cache_heads(), [&](std::size_t i, auto& text) {
    for (const auto& lines : cache)
      text += lines[i];
  });
  result.text += process_wide({front, process, build_, reload_, sources_,
                               shard_, targets_.size(), exporter_metrics_});
  return result;
}

std::optional<page> exposition::render_target(const std::string& target,
                                              time_point now) {
  const auto found = targets_.find(target);
  if (found == targets_.end())
    return std::nullopt;
  auto& cached = found->second;
  refresh(target, cached, now);
  const auto found_now = look_up(*cached.latest, now);
  page result;
  result.fresh = found_now == lookup::fresh;
  const auto add = [&](const family_lines& heads, const family_lines& lines) {
    append(result.text, heads,
           [&](std::size_t i, auto& text) { text += lines[i]; });
  };
  add(target_heads(), cached.values);
  add(activity_heads(), detail_ == detail::full
                            ? cached.activity
                            : activity_lines(target, cached.shown()));
  add(cache_heads(), cache_lines(target, cached.lookups));
  ++cached.lookups[index(found_now)];
  return result;
}

void exposition::refresh(const std::string& target, cached_target& cached,
                         time_point now) const {
  if (now < cached.valid_until)
    return;
  const auto& s = *cached.latest;
  cached.values = target_lines(target, s, now);
  if (detail_ == detail::full)
    cached.activity = activity_lines(target, cached.shown());
  cached.valid_until = next_change(s, now);
}

} // namespace betanet::metrics
