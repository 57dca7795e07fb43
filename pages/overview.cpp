#include "pages/overview_impl.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace betanet::pages {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) !=
         text.end();
}

bool has_replica(const metrics::snapshot& s, std::string_view filter) {
  return s.addresses &&
         std::any_of(s.addresses->begin(), s.addresses->end(),
                     [&](const auto& r) { return contains(r.url, filter); });
}

bool matches(const listed_target& t, std::string_view filter) {
  if (contains(*t.name, filter) || contains(name(t.state), filter) ||
      has_replica(*t.latest, filter))
    return true;
  return std::any_of(all_endpoints.begin(), all_endpoints.end(),
                     [&](endpoint e) {
                       const auto& status = t.latest->endpoints[index(e)];
                       return contains(t.latest->url_of(e), filter) ||
                              (status.failing_since != metrics::wall_time{} &&
                               status.last_failure &&
                               contains(status.last_failure->text, filter));
                     });
}

bool comes_before(const listed_target& a, const listed_target& b) {
  return std::pair{a.state, a.failing_since} <
         std::pair{b.state, b.failing_since};
}

/// The number of the page that was asked for, at most `last`.
std::size_t page_number(std::string_view text, std::size_t last) {
  std::size_t number = 1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::clamp<std::size_t>(number, 1, last);
}

} // namespace

listed_target list_target(const std::string& name,
                          const metrics::snapshot& latest,
                          metrics::time_point now) {
  listed_target t{&name, &latest, state_of(latest, now)};
  if (const auto first = first_failing(latest); !first.empty())
    t.failing_since = latest.endpoints[index(first.front())].failing_since;
  return t;
}

overview survey(const view& v) {
  overview o;
  o.total = v.all.targets.size();
  std::vector<listed_target> matching;
  for (const auto& [target, latest] : v.all.targets) {
    const auto t = list_target(target, *latest, v.now);
    ++o.counts[index(t.state)];
    if (matches(t, v.filter))
      matching.push_back(t);
  }
  std::stable_sort(matching.begin(), matching.end(), comes_before);
  o.matching = matching.size();
  o.pages = std::max<std::size_t>(1, (matching.size() + targets_per_page - 1) /
                                         targets_per_page);
  o.page = page_number(v.page, o.pages);
  const auto first = (o.page - 1) * targets_per_page;
  const auto count = std::min(targets_per_page, matching.size() - first);
  const auto begin = matching.begin() + static_cast<std::ptrdiff_t>(first);
  o.shown.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  return o;
}

} // namespace betanet::pages
