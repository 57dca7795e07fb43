#pragma once

#include <boost/json/fwd.hpp>

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

  /// The body of endpoint 0 = metrics, 1 = nodes_status, 2 = network_stats.
  /// `right_types` = false spoils every value.
  std::string body(int endpoint, bool right_types = true) const;

  /// As after a restart of the service: totals begin at 0 again.
  void reset_counters();

  /// Sets fields by their JSON names and stops moving. Throws
  /// `std::invalid_argument` for an unknown field.
  void set(const boost::json::object& fields);

private:
  void step();
  std::uint64_t draw(std::uint64_t least, std::uint64_t most);

  std::mt19937_64 engine_;
  bool still_;
  std::uint64_t second_ = 0;

  std::uint64_t packets_processed_ = 5000;
  std::uint64_t packets_dropped_ = 10;
  std::uint64_t active_nodes_ = 5;
  std::uint64_t inactive_nodes_ = 2;
  std::uint64_t total_nodes_ = 7;
  std::uint64_t bytes_transmitted_ = 1000000;
  std::uint64_t bytes_received_ = 500000;
  double avg_latency_ms_ = 45;
  std::uint64_t peak_throughput_ = 10000;
};

} // namespace sim
