#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The steps of a request, in their order.
enum class step : std::uint8_t {
  prepare,   ///< Certificates and secrets are read.
  resolve,   ///< The name is looked up.
  connect,   ///< A TCP connection is opened.
  handshake, ///< The connection is secured with TLS.
  send,      ///< The request is written.
  wait,      ///< Nothing of the response has come yet.
  read,      ///< The response is read.
};
inline constexpr std::size_t step_count = 7;

constexpr std::size_t index(step s) {
  return static_cast<std::size_t>(s);
}

/// How a request went.
struct trace {
  /// How long each step took, by `index(step)`. Empty: it did not happen, as
  /// with a kept connection, or was not reached.
  std::array<std::optional<std::chrono::nanoseconds>, step_count> took{};
  /// The last peer that was tried, such as `127.0.0.1:9000`; empty: none.
  std::string peer;
  std::string tls_version; ///< Such as `TLSv1.3`; empty: not encrypted.
  /// Unix time at which the first certificate of the server's chain expires.
  /// Empty if the request needed no handshake or saw no certificate.
  std::optional<std::chrono::sys_seconds> certificate_expiry;
};

struct error {
  errc code;
  std::string text; ///< One line of printable text, for people.
  net::trace trace{};
};

struct response {
  int status;
  std::string body;
  std::chrono::seconds retry_after{0}; ///< 0: absent or not a number.
  net::trace trace{};
  std::string content_type{}; ///< The header field; empty: absent.
};

using outcome = std::variant<response, error>;

const trace& trace_of(const outcome& o);

} // namespace betanet::net
