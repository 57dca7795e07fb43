#include "metrics/collections.hpp"

#include <array>
#include <cstdio>

namespace betanet::metrics {

namespace {

std::string number(std::optional<double> value) {
  if (!value)
    return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.16g", *value);
  return text.data();
}

} // namespace

void collections::start_poll(std::uint64_t tick) {
  if (first_ == 0)
    first_ = tick;
  ++running_[tick].running;
}

std::optional<reading> collections::finish_poll(std::uint64_t tick,
                                                const poll& p) {
  const auto found = running_.find(tick);
  if (found == running_.end())
    return std::nullopt; // a probe belongs to no collection
  auto& c = found->second;
  c.read = c.read || p.result != quality::bad;
  for (std::size_t i = 0; i < c.values.size(); ++i)
    if (p.values[i])
      c.values[i] = p.values[i];
  if (--c.running > 0)
    return std::nullopt;
  const auto values = c.read ? std::optional{c.values} : std::nullopt;
  running_.erase(found);
  first_finished_ = first_finished_ || tick == first_;
  return values;
}

std::string describe(const reading& values) {
  std::string text;
  for (const auto& row : field_table) {
    if (row.log_name.empty())
      continue;
    text += (text.empty() ? "" : ", ") + std::string{row.log_name} + "=" +
            number(values[index(row.id)]) + std::string{row.log_unit};
  }
  return text;
}

} // namespace betanet::metrics
