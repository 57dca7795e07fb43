#include "metrics/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace betanet::metrics {

namespace {

constexpr auto unknown = std::numeric_limits<float>::quiet_NaN();
constexpr double largest = std::numeric_limits<float>::max();

} // namespace

course::course() {
  values_.fill(unknown);
}

void course::push(std::optional<double> value) {
  std::rotate(values_.begin(), values_.begin() + 1, values_.end());
  values_.back() =
      value ? static_cast<float>(std::min(*value, largest)) : unknown;
}

std::optional<double> course::at(std::size_t i) const {
  const float value = values_[i];
  return std::isnan(value) ? std::nullopt : std::optional<double>{value};
}

std::optional<double> course::newest() const {
  for (auto i = kept_polls; i-- > 0;)
    if (const auto value = at(i))
      return value;
  return std::nullopt;
}

} // namespace betanet::metrics
