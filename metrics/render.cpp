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

} // namespace

activity exposition::shown_target::counted() const {
  auto all = activity_of(*latest);
  if (former)
    all += *former;
  return all;
}

activity exposition::shown_target::shown() const {
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
  targets_[target].latest = std::move(s);
}

void exposition::replace(const std::string& target,
                         std::shared_ptr<const snapshot> s) {
  const auto known = targets_.find(target);
  if (known != targets_.end())
    known->second.former =
        std::make_shared<const activity>(known->second.counted());
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
  for (auto& [_, t] : targets_)
    if (t.last_lookup)
      t.lookups[index(*t.last_lookup)] += scrapes;
}

page exposition::render(time_point now, const front_totals& front,
                        const process_stats& process) {
  page result;
  result.text.reserve(latest_size_ + latest_size_ / 16);
  look_up_all(result, now);
  std::vector<target_view> views;
  views.reserve(targets_.size());
  for (const auto& [target, t] : targets_)
    views.emplace_back(target, *t.latest);
  append_target_families(result.text, views, now, &front);
  append_counts(result.text);
  append_process_families(result.text,
                          {front, process, build_, reload_, sources_, shard_,
                           targets_.size(), exporter_metrics_});
  latest_size_ = result.text.size();
  return result;
}

void exposition::look_up_all(page& result, time_point now) {
  result.fresh = true;
  for (auto& [_, t] : targets_) {
    const auto& s = *t.latest;
    t.last_lookup = look_up(s, now);
    result.fresh = result.fresh && t.last_lookup == lookup::fresh;
    if (t.last_lookup != lookup::miss)
      for (const auto e : all_endpoints)
        result.oldest_age = std::max(result.oldest_age, age(s, e, now));
  }
}

/// Appends the counters of each target or, if the page is compact, their sums.
void exposition::append_counts(std::string& text) const {
  std::vector<activity_view> counts;
  std::vector<lookup_view> lookups;
  if (detail_ == detail::full) {
    for (const auto& [target, t] : targets_) {
      counts.emplace_back(target, t.shown());
      lookups.push_back({target_label(target), t.lookups});
    }
  } else {
    auto all = removed_;
    auto all_lookups = removed_lookups_;
    for (const auto& [_, t] : targets_) {
      all += t.counted();
      all_lookups += t.lookups;
    }
    counts.emplace_back("", std::move(all));
    lookups.push_back({{}, all_lookups});
  }
  append_activity_families(text, counts);
  append_cache_families(text, lookups);
}

std::optional<page> exposition::render_target(const std::string& target,
                                              time_point now) {
  const auto found = targets_.find(target);
  if (found == targets_.end())
    return std::nullopt;
  auto& t = found->second;
  const auto found_now = look_up(*t.latest, now);
  page result;
  result.fresh = found_now == lookup::fresh;
  const target_view view{target, *t.latest};
  append_target_families(result.text, {&view, 1}, now, nullptr);
  const activity_view counts{target, t.shown()};
  append_activity_families(result.text, {&counts, 1});
  const lookup_view lookups{view.alone, t.lookups};
  append_cache_families(result.text, {&lookups, 1});
  ++t.lookups[index(found_now)];
  return result;
}

} // namespace betanet::metrics
