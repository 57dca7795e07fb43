#pragma once

#include "metrics/fields.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace sim {

/// The values of a simulated Betanet service. They start with the examples of
/// the API's documentation and change in steps of one second. Equal seeds give
/// equal values.
class service {
public:
  /// With `still`, the values do not change with time.
  service(std::uint64_t seed, bool still) : engine_(seed), still_(still) {}

  /// Changes the values to those at this number of seconds after the start.
  void advance_to(std::uint64_t second);

  /// The JSON body of an endpoint's answer. Without `right_types` all values
  /// are strings.
  std::string body(betanet::endpoint e, bool right_types = true) const;

  /// Sets the totals to 0, as a restart of the service would.
  void reset_counters();

  /// Sets the fields of a JSON object. From then on the values do not change
  /// with time. Throws `std::invalid_argument` and changes nothing if a field
  /// is unknown or its value is not a number.
  void set(std::string_view body);

private:
  using field = betanet::metrics::field;

  void step();
  std::uint64_t draw(std::uint64_t least, std::uint64_t most);

  double& at(field f) { return values_[betanet::metrics::index(f)]; }
  static std::array<double, betanet::metrics::field_count> first_values();

  std::mt19937_64 engine_;
  bool still_;
  std::uint64_t second_ = 0;
  std::array<double, betanet::metrics::field_count> values_ = first_values();
};

} // namespace sim
