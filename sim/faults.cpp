#include "sim/faults.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace sim {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 12> kind_names{
    "none",   "refuse",  "reset",   "hang",      "slow",      "drip",
    "status", "garbage", "no_json", "truncated", "oversized", "wrong_types"};

kind parse_kind(std::string_view name) {
  const auto* const found =
      std::find(kind_names.begin(), kind_names.end(), name);
  if (found == kind_names.end())
    throw std::invalid_argument("no fault \"" + std::string{name} + "\"");
  return static_cast<kind>(found - kind_names.begin());
}

void apply(faults& to, std::string_view endpoint, const fault& f) {
  if (endpoint == "all") {
    to.fill(f);
    return;
  }
  const auto* const found =
      std::find(endpoint_names.begin(), endpoint_names.end(), endpoint);
  if (found == endpoint_names.end())
    throw std::invalid_argument("no endpoint \"" + std::string{endpoint} +
                                "\"");
  to[static_cast<std::size_t>(found - endpoint_names.begin())] = f;
}

} // namespace

void apply(faults& to, std::string_view text) {
  try {
    const auto root = json::parse({text.data(), text.size()});
    const auto& o = root.as_object();
    const auto number = [&](const char* key, auto fallback) {
      const auto* v = o.if_contains(key);
      return v ? v->to_number<decltype(fallback)>() : fallback;
    };
    fault f;
    f.kind = parse_kind(std::string_view{o.at("fault").as_string()});
    f.delay = std::chrono::milliseconds{number("delay_ms", 1000)};
    f.status = number("status", f.status);
    f.retry_after = number("retry_after", f.retry_after);
    f.size = number("size", f.size);
    apply(to, std::string_view{o.at("endpoint").as_string()}, f);
  } catch (const std::invalid_argument&) {
    throw;
  } catch (const std::exception& e) {
    throw std::invalid_argument(std::string{"bad fault: "} + e.what());
  }
}

void apply_flag(faults& to, const std::string& flag) {
  const auto equals = flag.find('=');
  if (equals == std::string::npos)
    throw std::invalid_argument("\"" + flag +
                                "\" is not endpoint=fault[:number]");
  const auto colon = flag.find(':', equals);
  fault f;
  f.kind = parse_kind(flag.substr(equals + 1, colon - equals - 1));
  if (colon != std::string::npos) {
    const int number = std::stoi(flag.substr(colon + 1));
    if (f.kind == kind::status)
      f.status = number;
    else if (f.kind == kind::oversized)
      f.size = static_cast<std::size_t>(number);
    else
      f.delay = std::chrono::milliseconds{number};
  }
  apply(to, flag.substr(0, equals), f);
}

bool nobody_listens(const faults& f) {
  return std::all_of(f.begin(), f.end(), [](const fault& each) {
    return each.kind == kind::refuse;
  });
}

std::string describe(const faults& f) {
  json::object o;
  for (std::size_t i = 0; i < f.size(); ++i)
    o[endpoint_names[i]] = kind_names[static_cast<std::size_t>(f[i].kind)];
  return json::serialize(o);
}

} // namespace sim
