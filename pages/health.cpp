#include "metrics/freshness.hpp"
#include "pages/json_text_impl.hpp"
#include "pages/routes.hpp"
#include "pages/state_impl.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace betanet::pages {

namespace {

namespace json = boost::json;

/// `/health` lists up to this many targets. With more, it shows only the target
/// that `?target=NAME` asks for.
constexpr std::size_t max_listed_targets = 100;

double seconds(metrics::duration d) {
  return std::chrono::duration<double>(d).count();
}

double unix_seconds(metrics::wall_time t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

json::value time_or_null(metrics::wall_time t) {
  if (t == metrics::wall_time{})
    return nullptr;
  return unix_seconds(t);
}

/// A whole number without a point, if it fits into 64 bits.
json::value number_of(const metrics::field_row& row, double value) {
  constexpr double too_large = 18446744073709551616.0; // 2^64
  if (row.rules.whole && value < too_large)
    return static_cast<std::uint64_t>(value);
  return value;
}

json::array recent_polls(const metrics::endpoint_status& status) {
  json::array list;
  for (const auto& p : status.recent)
    if (p.attempts > 0)
      list.push_back(json::object{{"result", metrics::name(p.result)},
                                  {"attempts", p.attempts}});
  return list;
}

json::object describe_endpoint(const metrics::snapshot& s, endpoint e,
                               metrics::time_point now) {
  const auto& status = s.endpoints[index(e)];
  json::object o;
  o["breaker"] = metrics::name(status.breaker);
  o["consecutive_failures"] = status.consecutive_failures;
  o["last_success"] = time_or_null(status.last_good_wall);
  o["age_seconds"] = nullptr;
  if (const auto age = metrics::age(s, e, now))
    o["age_seconds"] = seconds(*age);
  o["last_error"] = nullptr;
  if (status.last_failure)
    o["last_error"] = status.last_failure->text;
  o["url"] = nullptr;
  if (const auto url = s.url_of(e); !url.empty())
    o["url"] = url;
  o["state"] = name(state_of(s, e, now));
  o["breaker_since"] = time_or_null(status.breaker_since);
  o["failing_since"] = time_or_null(status.failing_since);
  o["last_error_at"] = time_or_null(status.last_failure_at);
  o["recent_polls"] = recent_polls(status);
  if (s.addresses) {
    o["replica"] = nullptr;
    if (const auto& by = status.answered_by)
      o["replica"] = (*s.addresses)[*by].url;
  }
  return o;
}

/// The values that `/metrics` shows, by their keys in Betanet's answers; null
/// where it shows none.
json::object describe_values(const metrics::snapshot& s,
                             metrics::time_point now) {
  json::object o;
  for (const auto& row : metrics::field_table) {
    auto& value = o[row.key];
    if (const auto shown = metrics::visible(s, row.id, now))
      value = number_of(row, *shown);
  }
  return o;
}

json::array describe_replicas(const metrics::snapshot& s,
                              metrics::time_point now) {
  json::array list;
  for (std::size_t i = 0; i < s.replicas.size(); ++i)
    list.push_back(json::object{{"url", (*s.addresses)[i].url},
                                {"up", s.replicas[i].rests_until <= now}});
  return list;
}

json::object describe_target(const std::string& target,
                             const metrics::snapshot& s,
                             metrics::time_point now) {
  json::object endpoints;
  for (const auto e : all_endpoints)
    endpoints[name(e)] = describe_endpoint(s, e, now);
  json::object o;
  o["name"] = nullptr;
  if (!target.empty()) // not json::value{target}, which makes an array
    o["name"] = target;
  o["up"] = metrics::up(s);
  o["stale"] = any_stale(s, now);
  o["endpoints"] = std::move(endpoints);
  o["values"] = describe_values(s, now);
  if (s.addresses)
    o["replicas"] = describe_replicas(s, now);
  o["state"] = name(state_of(s, now));
  o["next_tick_seconds"] = seconds(s.next_tick - now);
  o["ttl_seconds"] = seconds(s.rules.ttl);
  o["max_stale_seconds"] = nullptr;
  if (s.rules.max_stale)
    o["max_stale_seconds"] = seconds(*s.rules.max_stale);
  return o;
}

/// The number of targets whose snapshot fulfils the condition.
template <class Condition>
auto count_targets(const view& v, Condition condition) {
  return std::count_if(v.all.targets.begin(), v.all.targets.end(),
                       [&](const auto& t) { return condition(*t.second); });
}

json::object describe(const view& v) {
  const auto& targets = v.all.targets;
  json::object o;
  o["status"] = any_overdue(v.all, v.now) ? "unhealthy" : "healthy";
  o["version"] = v.version;
  o["uptime_seconds"] = seconds(v.now - v.started);
  o["targets_total"] = targets.size();
  o["targets_up"] =
      count_targets(v, [](const auto& s) { return metrics::up(s); });
  o["targets_stale"] =
      count_targets(v, [&](const auto& s) { return any_stale(s, v.now); });
  if (!v.target && targets.size() > max_listed_targets)
    return o;
  json::array list;
  for (const auto& [target, s] : targets)
    if (!v.target || target == *v.target)
      list.push_back(describe_target(target, *s, v.now));
  o["targets"] = std::move(list);
  return o;
}

answer json_answer(int status, const std::string& text) {
  return {status, "application/json", text + "\n"};
}

} // namespace

answer health(const view& v) {
  const bool overdue = any_overdue(v.all, v.now);
  const int status = overdue ? 503 : 200;
  if (!v.detailed)
    return json_answer(status, overdue ? R"({"status":"unhealthy"})"
                                       : R"({"status":"healthy"})");
  if (v.target && !find(v.all, *v.target))
    return json_answer(404, R"({"error":"no such target"})");
  return json_answer(status, json_text(describe(v)));
}

answer healthy(const view& v) {
  if (any_overdue(v.all, v.now))
    return {.status = 503, .body = "A collection is overdue.\n"};
  return {.body = "Healthy\n"};
}

answer without_census(const route& r) {
  if (r.make == health)
    return json_answer(503, R"({"status":"unhealthy"})");
  return {.status = 503, .body = "The cache does not answer.\n"};
}

answer ready(const view& v) {
  if (!v.all.ready)
    return {.status = 503, .body = "The first collection is running.\n"};
  return {.body = "Ready\n"};
}

} // namespace betanet::pages
