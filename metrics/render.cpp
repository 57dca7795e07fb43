#include "metrics/render.hpp"

#include "metrics/families.hpp"

#include <algorithm>

namespace betanet::metrics {

exposition::exposition(detail d, build_info build, reload_status reload)
    : detail_(d), build_(std::move(build)), reload_(reload) {}

void exposition::update(const std::string& target,
                        std::shared_ptr<const snapshot> s) {
  auto& cached = targets_[target];
  cached.latest = std::move(s);
  cached.valid_until = {};
}

void exposition::count_scrapes(std::uint64_t scrapes) {
  for (auto& [_, cached] : targets_)
    cached.hits[static_cast<std::size_t>(cached.last_hit)] += scrapes;
}

page exposition::render(time_point now, const front_totals& front,
                        const process_stats& process) {
  page result;
  result.fresh = true;
  for (auto& [target, cached] : targets_) {
    const auto& s = *cached.latest;
    if (now >= cached.valid_until) {
      cached.rendered = target_lines(target, s, now);
      cached.valid_until = next_change(s, now);
    }
    cached.last_hit = classify(s, now);
    result.fresh = result.fresh && cached.last_hit == hit::fresh;
    for (const auto e : all_endpoints)
      result.oldest_age = std::max(result.oldest_age, age(s, e, now));
  }
  for (std::size_t i = 0; i < target_heads().size(); ++i) {
    const auto start = result.text.size();
    result.text += target_heads()[i];
    const auto head_end = result.text.size();
    for (const auto& [_, cached] : targets_)
      result.text += cached.rendered[i];
    if (result.text.size() == head_end)
      result.text.resize(start); // no sample, no family
  }
  append_counters(result.text);
  result.text += process_wide(front, process, build_, reload_);
  return result;
}

void exposition::append_counters(std::string& text) const {
  family_lines all(counter_heads().size());
  counters sum;
  const auto append = [&](const std::string& target, const counters& c) {
    const auto one = counter_lines(target, c);
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] += one[i];
  };
  for (const auto& [target, cached] : targets_) {
    counters c;
    for (const auto e : all_endpoints)
      c.endpoints[index(e)] = cached.latest->endpoints[index(e)].counters;
    c.restarts = cached.latest->restarts;
    c.hits = cached.hits;
    if (detail_ == detail::full)
      append(target, c);
    else
      sum += c;
  }
  if (detail_ == detail::compact)
    append({}, sum);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].empty())
      text += counter_heads()[i] + all[i];
}

} // namespace betanet::metrics
