#pragma once

#include "metrics/fields.hpp"

#include <boost/json/fwd.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace sim {

/// A Betanet service as its three endpoints show it. It starts with the values
/// of the API's documentation and moves in steps of one second, the same way
/// for the same seed.
class service {
public:
  service(std::uint64_t seed, bool still) : engine_(seed), still_(still) {}

  /// Moves on to this many seconds after the start.
  void advance_to(std::uint64_t second);

  /// The body that the endpoint answers with. `right_types` = false turns every
  /// value into a string.
  std::string body(betanet::endpoint e, bool right_types = true) const;

  /// As after a restart of the service: totals begin at 0 again.
  void reset_counters();

  /// Sets fields by their JSON keys and stops moving. Throws
  /// `std::invalid_argument` for an unknown field.
  void set(const boost::json::object& fields);

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
