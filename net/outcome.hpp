#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

namespace betanet::net {

/// Why a request got no response.
enum class errc : std::uint8_t {
  dns,       ///< The name has no address.
  connect,   ///< No address accepted the connection.
  reset,     ///< The peer aborted the connection.
  eof,       ///< The peer closed before the response was complete.
  timeout,   ///< The deadline passed.
  tls,       ///< No secure connection could be set up or kept.
  protocol,  ///< The response is not HTTP/1.1 (RFC 9112).
  too_large, ///< The header or the body is above its limit.
  encoding,  ///< The body has a content encoding that was not asked for.
  local,     ///< This machine's fault: descriptors, ports, threads, secrets.
};

/// The name of the enumerator.
std::string to_string(errc code);

struct error {
  errc code;
  std::string text; ///< One line of printable text, for people.
};

struct response {
  int status;
  std::string body;
  std::chrono::seconds retry_after{0}; ///< 0: absent or not a number.
};

using outcome = std::variant<response, error>;

} // namespace betanet::net
