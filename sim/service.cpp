#include "sim/service.hpp"

#include "sim/body_reader.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sim {

namespace json = boost::json;
using namespace betanet::metrics;

namespace {

std::array<std::string_view, field_count> field_keys() {
  std::array<std::string_view, field_count> keys;
  for (const auto& row : field_table)
    keys[index(row.id)] = row.key;
  return keys;
}

} // namespace

std::array<double, field_count> service::first_values() {
  std::array<double, field_count> v{};
  v[index(field::packets_processed)] = 5000;
  v[index(field::packets_dropped)] = 10;
  v[index(field::active_nodes)] = 5;
  v[index(field::inactive_nodes)] = 2;
  v[index(field::total_nodes)] = 7;
  v[index(field::bytes_transmitted)] = 1000000;
  v[index(field::bytes_received)] = 500000;
  v[index(field::avg_latency_ms)] = 45;
  v[index(field::peak_throughput)] = 10000;
  return v;
}

void service::advance_to(std::uint64_t second) {
  for (; second_ < second; ++second_)
    if (!still_)
      step();
}

std::string service::body(betanet::endpoint e, bool right_types) const {
  json::object o;
  for (const auto& row : field_table) {
    if (row.source != e)
      continue;
    const double x = values_[index(row.id)];
    auto& value = o[row.key];
    if (row.rules.whole)
      value = static_cast<std::uint64_t>(x);
    else
      value = x;
    if (!right_types)
      value = json::serialize(value);
  }
  return json::serialize(o);
}

void service::reset_counters() {
  for (const auto& row : family_table)
    if (row.type == family_type::counter)
      at(row.shown) = 0;
}

void service::set(std::string_view body) {
  const body_reader fields{body};
  auto changed = values_;
  for (const auto& row : field_table) {
    const auto* const value = fields.object().if_contains(row.key);
    if (!value)
      continue;
    boost::system::error_code ec;
    changed[index(row.id)] =
        row.rules.whole
            ? static_cast<double>(value->to_number<std::uint64_t>(ec))
            : value->to_number<double>(ec);
    if (ec)
      throw std::invalid_argument(
          std::string{row.key} +
          (row.rules.whole ? ": a whole number" : ": a number") +
          " is expected");
  }
  fields.refuse_unknown(field_keys());
  values_ = changed;
  still_ = true;
}

void service::step() {
  const auto random = [this](std::uint64_t least, std::uint64_t most) {
    return static_cast<double>(draw(least, most));
  };
  const double packets = random(400, 600) * at(field::active_nodes);
  at(field::packets_processed) += packets;
  if (draw(0, 100) == 0)
    at(field::packets_dropped) +=
        random(1, static_cast<std::uint64_t>(packets) / 50 + 1);
  const double bytes = packets * random(180, 220);
  at(field::bytes_transmitted) += bytes;
  at(field::bytes_received) += std::floor(bytes / 2);
  at(field::peak_throughput) = std::max(at(field::peak_throughput), bytes);
  // The latency is a random walk that tends towards 45 ms.
  auto& latency = at(field::avg_latency_ms);
  const double drift = random(0, 200) / 100 - 1;
  latency = std::clamp(latency + drift + (45 - latency) / 100, 1.0, 2000.0);
  auto& total = at(field::total_nodes);
  auto& active = at(field::active_nodes);
  auto& inactive = at(field::inactive_nodes);
  const auto move = [](double& from, double& to) {
    --from;
    ++to;
  };
  if (draw(0, 59) == 0 && total < 50) {
    ++total;
    ++inactive;
  }
  if (draw(0, 89) == 0 && inactive > 0) {
    --total;
    --inactive;
  }
  if (draw(0, 19) == 0 && inactive > 0)
    move(inactive, active);
  if (draw(0, 29) == 0 && active > 1)
    move(active, inactive);
}

/// A random number from `least` to `most`. std::uniform_int_distribution is not
/// used because its results for a seed depend on the standard library.
std::uint64_t service::draw(std::uint64_t least, std::uint64_t most) {
  return least + engine_() % (most - least + 1);
}

} // namespace sim
