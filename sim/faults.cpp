#include "sim/faults.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace sim {

namespace json = boost::json;

namespace {

struct kind_row {
  kind id;
  std::string_view name;
};

constexpr std::array kind_table{
    kind_row{kind::none, "none"},
    kind_row{kind::refuse, "refuse"},
    kind_row{kind::reset, "reset"},
    kind_row{kind::hang, "hang"},
    kind_row{kind::slow, "slow"},
    kind_row{kind::drip, "drip"},
    kind_row{kind::status, "status"},
    kind_row{kind::garbage, "garbage"},
    kind_row{kind::no_json, "no_json"},
    kind_row{kind::truncated, "truncated"},
    kind_row{kind::oversized, "oversized"},
    kind_row{kind::wrong_types, "wrong_types"},
    kind_row{kind::body, "body"},
};

kind parse_kind(std::string_view name) {
  for (const auto& row : kind_table)
    if (row.name == name)
      return row.id;
  throw std::invalid_argument("there is no fault \"" + std::string{name} +
                              "\"");
}

std::string_view name(kind k) {
  return std::find_if(kind_table.begin(), kind_table.end(),
                      [&](const auto& row) { return row.id == k; })
      ->name;
}

void apply(faults& to, std::string_view endpoint, const fault& f) {
  if (endpoint == "all") {
    to.fill(f);
    return;
  }
  for (const auto& row : betanet::endpoint_table)
    if (row.name == endpoint) {
      to[index(row.id)] = f;
      return;
    }
  throw std::invalid_argument("there is no endpoint \"" +
                              std::string{endpoint} + "\"");
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
    if (const auto* v = o.if_contains("retry_after"))
      f.retry_after =
          v->is_string() ? std::string{v->as_string()} : json::serialize(*v);
    f.size = number("size", f.size);
    if (const auto* v = o.if_contains("body"))
      f.body = v->as_string();
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
  if (colon != std::string::npos && f.kind == kind::body) {
    f.body = flag.substr(colon + 1);
  } else if (colon != std::string::npos) {
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
  for (const auto& row : betanet::endpoint_table)
    o[row.name] = name(f[index(row.id)].kind);
  return json::serialize(o);
}

} // namespace sim
