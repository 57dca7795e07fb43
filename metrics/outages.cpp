#include "metrics/outages.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace betanet::metrics {

namespace {

constexpr std::size_t most_names = 10;

void append(std::string& list, std::string_view separator,
            std::string_view item) {
  if (!list.empty())
    list += separator;
  list += item;
}

} // namespace

bool allowance::take(time_point now) {
  std::erase_if(left_, [&](time_point t) { return now - t >= rest_; });
  if (held_ + left_.size() >= most_)
    return false;
  ++held_;
  return true;
}

void allowance::leave(time_point taken) {
  --held_;
  left_.push_back(taken);
}

bool outages::target::failing() const {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [](const watched& w) { return w.state.ongoing(); });
}

bool outages::target::calm() const {
  return std::all_of(endpoints.begin(), endpoints.end(),
                     [](const watched& w) { return w.state.calm(); });
}

outages::watched& outages::at(const subject_ptr& s) {
  auto& w = targets_[s->number].endpoints[index(s->endpoint)];
  w.about = s;
  return w;
}

// -- events ------------------------------------------------------------------

bool outages::attempt_failed(const subject_ptr& s, int attempt,
                             time_point now) {
  auto& w = at(s);
  if (!w.state.attempt_failed())
    return false;
  if (attempt == 1) {
    w.retries_told = told_retries_.take(now);
    if (w.retries_told)
      told_retries_.leave(now);
  }
  return w.retries_told;
}

outages::failed_poll outages::poll_failed(const subject_ptr& s,
                                          const failure& why, time_point now,
                                          wall_time wall) {
  auto& w = at(s);
  auto& t = targets_[s->number];
  const bool first_of_target = !t.failing();
  const bool begins = w.state.failed(why, now, wall);
  if (first_of_target) {
    t.told = told_.take(now);
    if (t.told)
      t.place = now;
    else
      ++began_;
  }
  const bool all_404 =
      std::all_of(t.endpoints.begin(), t.endpoints.end(), [](const auto& e) {
        return e.state.ongoing() && e.state.latest().status == 404;
      });
  const bool hint = all_404 && !t.all_404_told;
  t.all_404_told = t.all_404_told || all_404;
  return {begins && t.told, hint && t.told};
}

std::optional<outages::recovery>
outages::recovered(const subject& s, time_point now, int attempts) {
  const auto found = targets_.find(s.number);
  if (found == targets_.end())
    return std::nullopt;
  auto& t = found->second;
  const auto lasted =
      t.endpoints[index(s.endpoint)].state.recovered(now, attempts);
  const bool news = t.told;
  if (lasted && !t.failing()) {
    ended_ += !t.told;
    t.all_404_told = false;
    leave_place(t);
  }
  if (t.calm())
    targets_.erase(found);
  return lasted ? std::optional{recovery{*lasted, news}} : std::nullopt;
}

bool outages::opened(const subject& s) {
  const auto found = targets_.find(s.number);
  return found != targets_.end() && found->second.told;
}

bool outages::half_opened(const subject& s) {
  return tell_first(s, &outage::half_opened);
}

bool outages::refused(const subject& s) {
  return tell_first(s, &outage::refused);
}

bool outages::went_stale(const subject& s) {
  return tell_first(s, &outage::went_stale);
}

bool outages::tell_first(const subject& s, bool (outage::*event)()) {
  const auto found = targets_.find(s.number);
  if (found == targets_.end())
    return false;
  auto& t = found->second;
  const bool first = (t.endpoints[index(s.endpoint)].state.*event)();
  return first && t.told;
}

void outages::forget(std::uint64_t number) {
  const auto found = targets_.find(number);
  if (found == targets_.end())
    return;
  leave_place(found->second);
  targets_.erase(found);
}

void outages::leave_place(target& t) {
  t.told = false;
  if (const auto taken = std::exchange(t.place, std::nullopt))
    told_.leave(*taken);
}

// -- many targets ------------------------------------------------------------

/// Counts the failing targets. Names them and their reasons; without
/// `told_too`, only those of which the log was not told.
outages::overview outages::look(bool told_too) const {
  overview o;
  std::size_t named = 0;
  std::map<std::string_view, std::size_t> reasons;
  for (const auto& [_, t] : targets_) {
    if (!t.failing())
      continue;
    ++o.failing;
    if (t.told && !told_too)
      continue;
    const auto& first =
        *std::find_if(t.endpoints.begin(), t.endpoints.end(),
                      [](const watched& w) { return w.state.ongoing(); });
    if (named++ < most_names)
      append(o.names, ", ", first.about->target);
    ++reasons[name(first.state.latest().why)];
    for (const auto& w : t.endpoints)
      if (w.state.ongoing() &&
          (o.since == wall_time{} || w.state.since() < o.since))
        o.since = w.state.since();
  }
  for (const auto& [reason, count] : reasons)
    append(o.reasons, " ", std::string{reason} + "=" + std::to_string(count));
  return o;
}

outages::digest outages::take_digest() {
  return {std::exchange(began_, 0), std::exchange(ended_, 0), look(false)};
}

std::optional<time_point> outages::next_reminder() const {
  std::optional<time_point> next;
  for (const auto& [_, t] : targets_)
    for (const auto& w : t.endpoints)
      if (w.state.ongoing() && (!next || w.state.reminder_due() < *next))
        next = w.state.reminder_due();
  return next;
}

/// With many failing targets, one reminder mentions all outages, so that the
/// next reminder of all of them is due at the same time.
outages::reminder outages::remind(time_point now) {
  auto all = look(true);
  const bool many = all.failing > most_told;
  reminder r;
  for (auto& [_, t] : targets_)
    for (auto& w : t.endpoints) {
      if (!w.state.ongoing() || (!many && now < w.state.reminder_due()))
        continue;
      w.state.mentioned(now);
      if (many)
        continue;
      t.told = true; // from here on, the log knows of the outage
      r.single.push_back({w.about, &w.state});
    }
  if (many)
    r.counted = std::move(all);
  return r;
}

} // namespace betanet::metrics
