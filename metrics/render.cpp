#include "metrics/render.hpp"

#include "metrics/families_impl.hpp"

#include <algorithm>

namespace betanet::metrics {

namespace {

void add_counts(activity& to, const snapshot& s) {
  for (const auto e : all_endpoints)
    to.endpoints[index(e)] += s.endpoints[index(e)].counters;
  to.restarts.fetcher += s.restarts.fetcher;
  to.restarts.aggregator += s.restarts.aggregator;
  if (!s.addresses)
    return;
  to.counter_holds = to.counter_holds.value_or(0) + s.counter_holds;
  for (std::size_t i = 0; i < s.replicas.size(); ++i)
    to.replica_requests[(*s.addresses)[i].url] += s.replicas[i].requests;
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

/// Sample lines of the families with these heads.
family_lines lines_below(const family_lines& heads) {
  return family_lines(heads.size());
}

/// Makes room for the lines of this many targets when those of one are there.
void reserve_for(family_lines& lines, std::size_t targets) {
  for (auto& text : lines)
    text.reserve(text.size() * (targets + 1));
}

} // namespace

activity exposition::shown_target::counted() const {
  activity all;
  add_to(all);
  return all;
}

void exposition::shown_target::add_to(activity& all) const {
  add_counts(all, *latest);
  if (former)
    all += *former;
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
  if (scrapes == 0) // as with each page of a single target
    return;
  for (auto& [_, t] : targets_)
    if (t.last_lookup)
      t.lookups[index(*t.last_lookup)] += scrapes;
}

page exposition::render(time_point now, const front_totals& front,
                        const process_stats& process) {
  page result;
  look_up_all(result, now);
  append_targets(result.text, now, front);
  if (detail_ == detail::compact)
    append_sums(result.text);
  append_process_families(result.text,
                          {front, process, build_, reload_, sources_, shard_,
                           targets_.size(), exporter_metrics_});
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

/// Appends the families with a `target` label. Their lines are written target
/// by target, because a snapshot is not in the processor's cache when many
/// others have been read.
void exposition::append_targets(std::string& text, time_point now,
                                const front_totals& front) const {
  auto values = lines_below(target_heads());
  auto counts = lines_below(activity_heads());
  auto lookups = lines_below(lookup_heads());
  bool first = true;
  for (const auto& [target, t] : targets_) {
    const target_view view{target, *t.latest};
    add_target(values, view, now);
    if (detail_ == detail::full) {
      add_activity(counts, {target, t.shown()});
      add_lookups(lookups, view.alone, t.lookups);
    }
    if (std::exchange(first, false))
      for (auto* lines : {&values, &counts, &lookups})
        reserve_for(*lines, targets_.size());
  }
  add_front(values, front);
  std::size_t size = 0;
  for (const auto* lines : {&values, &counts, &lookups})
    for (const auto& l : *lines)
      size += l.size();
  text.reserve(size + 32768); // the heads and the families of the process
  append_families(text, target_heads(), std::move(values));
  append_families(text, activity_heads(), std::move(counts));
  append_families(text, lookup_heads(), std::move(lookups));
}

/// Appends the sums over all targets of what `append_targets` leaves out.
void exposition::append_sums(std::string& text) const {
  auto all = removed_;
  auto all_lookups = removed_lookups_;
  for (const auto& [_, t] : targets_) {
    t.add_to(all);
    all_lookups += t.lookups;
  }
  auto counts = lines_below(activity_heads());
  add_activity(counts, {"", std::move(all)});
  append_families(text, activity_heads(), std::move(counts));
  auto lookups = lines_below(lookup_heads());
  add_lookups(lookups, {}, all_lookups);
  append_families(text, lookup_heads(), std::move(lookups));
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
  auto values = lines_below(target_heads());
  add_target(values, view, now);
  append_families(result.text, target_heads(), std::move(values));
  auto counts = lines_below(activity_heads());
  add_activity(counts, {target, t.shown()});
  append_families(result.text, activity_heads(), std::move(counts));
  auto lookups = lines_below(lookup_heads());
  add_lookups(lookups, view.alone, t.lookups);
  append_families(result.text, lookup_heads(), std::move(lookups));
  ++t.lookups[index(found_now)];
  return result;
}

} // namespace betanet::metrics
