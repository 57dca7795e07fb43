#pragma once

#include "sim/faults.hpp"

#include <cstddef>
#include <string>

namespace sim {

struct request {
  std::string method, path, body;
  std::size_t length = 0; ///< Of the body.
  bool close = false;     ///< The client asks to close the connection.
};

/// Reads the head of a request, which ends with an empty line. Throws
/// `std::exception` if its length is not a number or above 64 KiB.
request parse_head(const std::string& head);

std::string response(int status, const std::string& body,
                     const std::string& fields = {},
                     const std::string& type = "application/json");

/// What an endpoint with this fault sends instead of `body`, for faults that
/// send anything. With `close`, a correct answer says that the connection is
/// closed.
std::string response_with(const fault& f, const std::string& body, bool close);

} // namespace sim
