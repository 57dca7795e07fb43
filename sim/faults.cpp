#include "sim/faults.hpp"

#include "sim/body_reader.hpp"

#include <algorithm>
#include <stdexcept>

namespace sim {

namespace json = boost::json;

namespace {

struct kind_row {
  kind id;
  std::string_view name;
  std::string_view number; ///< What the number of `--fault` means; empty: none.
  std::string_view help;
};

constexpr std::string_view delay = "delay in ms, 1000";

constexpr std::array kind_table{
    kind_row{kind::none, "none", "", "the endpoint answers correctly"},
    kind_row{kind::refuse, "refuse", "",
             "the connection is closed without an answer; with all=refuse the "
             "port is closed"},
    kind_row{kind::reset, "reset", "",
             "the connection is reset after the request"},
    kind_row{kind::hang, "hang", "", "the request is never answered"},
    kind_row{kind::slow, "slow", delay, "the answer is late"},
    kind_row{kind::drip, "drip", delay,
             "the answer is sent byte by byte, with this delay after each"},
    kind_row{kind::status, "status", "status, 500",
             "the answer has this status"},
    kind_row{kind::garbage, "garbage", "", "the answer is not HTTP"},
    kind_row{kind::no_json, "no_json", "", "the answer is an HTML page"},
    kind_row{kind::truncated, "truncated", "",
             "the connection is closed after half of the body"},
    kind_row{kind::oversized, "oversized", "bytes, 4194304",
             "the body has this size"},
    kind_row{kind::wrong_types, "wrong_types", "",
             "the values are strings instead of numbers"},
    kind_row{kind::body, "body", "text of the body",
             "the answer has this body"},
};

constexpr std::uint64_t longest_delay = 86'400'000; ///< A day, in ms.
constexpr std::uint64_t largest_body = 1 << 30;     ///< 1 GiB.

/// The keys of the JSON object that sets a fault.
constexpr std::array<std::string_view, 7> fault_keys{
    "endpoint", "fault", "delay_ms", "status", "retry_after", "size", "body"};

template <class Table>
std::string names_in(const Table& table) {
  std::string names;
  for (const auto& row : table)
    names += (names.empty() ? "" : ", ") + std::string{row.name};
  return names;
}

kind parse_kind(std::string_view name) {
  for (const auto& row : kind_table)
    if (row.name == name)
      return row.id;
  throw std::invalid_argument("there is no fault \"" + std::string{name} +
                              "\", known are " + names_in(kind_table));
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
                              std::string{endpoint} + "\", known are all, " +
                              names_in(betanet::endpoint_table));
}

} // namespace

void apply(faults& to, std::string_view text) {
  const body_reader body{text};
  body.refuse_unknown(fault_keys);
  fault f;
  f.kind = parse_kind(body.text("fault"));
  if (const auto n = body.optional_number("delay_ms", 0, longest_delay))
    f.delay = std::chrono::milliseconds{*n};
  if (const auto n = body.optional_number("status", 100, 599))
    f.status = static_cast<int>(*n);
  if (const auto* v = body.object().if_contains("retry_after"))
    f.retry_after =
        v->is_string() ? std::string{v->as_string()} : json::serialize(*v);
  if (const auto n = body.optional_number("size", 0, largest_body))
    f.size = *n;
  f.body = body.optional_text("body").value_or("");
  apply(to, body.text("endpoint"), f);
}

void apply_flag(faults& to, const std::string& flag) {
  const auto equals = flag.find('=');
  if (equals == std::string::npos)
    throw std::invalid_argument("\"" + flag +
                                "\" is not endpoint=fault[:number]");
  const auto colon = flag.find(':', equals);
  const auto kind_name = flag.substr(equals + 1, colon - equals - 1);
  fault f;
  f.kind = parse_kind(kind_name);
  if (colon != std::string::npos) {
    const auto value = flag.substr(colon + 1);
    const auto number = [&](std::uint64_t least, std::uint64_t most) {
      return parse_number(kind_name, value, least, most);
    };
    if (f.kind == kind::body)
      f.body = value;
    else if (f.kind == kind::status)
      f.status = static_cast<int>(number(100, 599));
    else if (f.kind == kind::oversized)
      f.size = number(0, largest_body);
    else
      f.delay = std::chrono::milliseconds{number(0, longest_delay)};
  }
  apply(to, flag.substr(0, equals), f);
}

std::string describe_kinds() {
  std::string text;
  for (const auto& row : kind_table) {
    auto line = "  " + std::string{row.name} + (row.number.empty() ? "" : ":N");
    line.resize(std::max<std::size_t>(line.size() + 2, 16), ' ');
    text += line + std::string{row.help};
    if (!row.number.empty())
      text += " (" + std::string{row.number} + " by default)";
    text += "\n";
  }
  return text;
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
