#include "sim/service.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace sim {

namespace json = boost::json;

void service::advance_to(std::uint64_t second) {
  for (; second_ < second; ++second_)
    if (!still_)
      step();
}

std::string service::body(int endpoint, bool right_types) const {
  json::object o;
  switch (endpoint) {
  case 0:
    o = {{"packets_processed", packets_processed_},
         {"packets_dropped", packets_dropped_}};
    break;
  case 1:
    o = {{"active_nodes", active_nodes_},
         {"inactive_nodes", inactive_nodes_},
         {"total_nodes", total_nodes_}};
    break;
  default:
    o = {{"bytes_transmitted", bytes_transmitted_},
         {"bytes_received", bytes_received_},
         {"avg_latency_ms", avg_latency_ms_},
         {"peak_throughput", peak_throughput_}};
  }
  if (!right_types)
    for (auto& [_, value] : o)
      value = json::serialize(value); // a string
  return json::serialize(o);
}

void service::reset_counters() {
  packets_processed_ = packets_dropped_ = 0;
  bytes_transmitted_ = bytes_received_ = 0;
}

void service::set(const json::object& fields) {
  const std::pair<const char*, std::uint64_t*> known[] = {
      {"packets_processed", &packets_processed_},
      {"packets_dropped", &packets_dropped_},
      {"active_nodes", &active_nodes_},
      {"inactive_nodes", &inactive_nodes_},
      {"total_nodes", &total_nodes_},
      {"bytes_transmitted", &bytes_transmitted_},
      {"bytes_received", &bytes_received_},
      {"peak_throughput", &peak_throughput_}};
  for (const auto& [key, value] : fields) {
    if (key == "avg_latency_ms") {
      avg_latency_ms_ = value.to_number<double>();
      continue;
    }
    const auto* const found =
        std::find_if(std::begin(known), std::end(known),
                     [name = key](const auto& k) { return name == k.first; });
    if (found == std::end(known))
      throw std::invalid_argument("no field " + std::string{key});
    *found->second = value.to_number<std::uint64_t>();
  }
  still_ = true;
}

void service::step() {
  const auto packets = draw(400, 600) * active_nodes_;
  packets_processed_ += packets;
  packets_dropped_ += draw(0, 100) == 0 ? draw(1, packets / 50 + 1) : 0;
  const auto bytes = packets * draw(180, 220);
  bytes_transmitted_ += bytes;
  bytes_received_ += bytes / 2;
  peak_throughput_ = std::max(peak_throughput_, bytes);
  // A random walk that is drawn back to 45 ms.
  const double drift = static_cast<double>(draw(0, 200)) / 100 - 1;
  avg_latency_ms_ = std::clamp(
      avg_latency_ms_ + drift + (45 - avg_latency_ms_) / 100, 1.0, 2000.0);
  if (draw(0, 59) == 0 && total_nodes_ < 50) {
    ++total_nodes_;
    ++inactive_nodes_;
  }
  if (draw(0, 89) == 0 && inactive_nodes_ > 0) {
    --total_nodes_;
    --inactive_nodes_;
  }
  if (draw(0, 19) == 0 && inactive_nodes_ > 0) {
    --inactive_nodes_;
    ++active_nodes_;
  }
  if (draw(0, 29) == 0 && active_nodes_ > 1) {
    --active_nodes_;
    ++inactive_nodes_;
  }
}

/// std::uniform_int_distribution differs between libraries: a seed would not
/// mean the same everywhere.
std::uint64_t service::draw(std::uint64_t least, std::uint64_t most) {
  return least + engine_() % (most - least + 1);
}

} // namespace sim
