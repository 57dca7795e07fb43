#pragma once

#include "sim/faults.hpp"

#include <cstdint>
#include <string>

namespace sim {

struct settings {
  /// Where the service and the control API are served, and where only the
  /// control API is: `127.0.0.1:9000`, `[::1]:9000`, or `:9000`, which is any.
  std::string address = "127.0.0.1:9000", control = "127.0.0.1:9001";
  std::uint64_t seed = 1; ///< See `service`.
  bool still = false;     ///< See `service`.
  bool close = false;     ///< Connections are closed after each response.
  sim::faults faults;     ///< Those to begin with.
};

/// Serves until SIGINT or SIGTERM. Throws `std::invalid_argument` if a text is
/// not an address, `std::runtime_error` if an address cannot be used.
void serve(const settings& s);

/// Whether a simulator listens at this address, whatever faults it simulates.
/// Throws `std::invalid_argument`.
bool listens(const std::string& control);

} // namespace sim
