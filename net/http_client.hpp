#pragma once

#include "net/background.hpp"
#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace betanet::net {

/// Why there is no response.
enum class errc : std::uint8_t {
  dns,       ///< The name has no address.
  connect,   ///< No address accepted the connection.
  reset,     ///< The peer aborted the connection.
  eof,       ///< The peer closed before the response was complete.
  timeout,   ///< The deadline passed.
  tls,       ///< No secure connection.
  protocol,  ///< Not HTTP/1.1 as RFC 9112 has it.
  too_large, ///< Header or body above its limit.
  encoding,  ///< A content encoding we did not ask for.
  local,     ///< Our own machine: no descriptors, no ports, no secret.
};

struct error {
  errc code;
  std::string text; ///< One line, may hold outside text.
};

struct response {
  int status;
  std::string body;
  std::chrono::seconds retry_after{0}; ///< 0: absent or not a number.
};

using outcome = std::variant<response, error>;

/// With what a request introduces itself.
struct identity {
  std::string fields;              ///< Whole header lines, each ending in CRLF.
  std::optional<tls_material> tls; ///< For https.
};

/// What a client asks for, again and again.
struct resource {
  std::string host; ///< A name or an address, without brackets.
  std::uint16_t port;
  std::string path;
  std::string user_agent;
  std::uint64_t max_body_bytes;
  /// A connection is not kept longer, so that a name's new address is found.
  std::chrono::nanoseconds max_connection_age = std::chrono::hours{1};
  bool tls = false;
  std::string server_name; ///< Of the certificate; empty: the host.
  net::identity identity;
  /// Replaces `identity` before each request. Runs in a thread that may block
  /// and throws `std::runtime_error`. Empty: it never changes.
  std::function<net::identity()> identify;
};

/// What all clients share.
struct outbound {
  explicit outbound(loop& l) : events(l) {}

  loop& events;
  resolver names{events};
  background files{events, 32}; ///< Reads what identities are made of.
  /// Shared with reading threads, which may outlive everything else.
  std::shared_ptr<tls_contexts> contexts = std::make_shared<tls_contexts>();
};

/// Gets one resource over a connection that it keeps between requests, for an
/// hour at most. Any thread may use it; one request runs at a time and a new
/// one abandons the former.
class http_client {
public:
  http_client(outbound& shared, resource what);
  ~http_client(); ///< Abandons a running request.
  http_client(http_client&&) noexcept = default;

  /// Calls `done` once, on the loop's thread, at latest after `timeout`, which
  /// covers resolve, connect, TLS, write and read together; never if abandoned.
  /// A kept connection that proves dead before the first response byte is
  /// replaced within the same timeout.
  void get(std::chrono::nanoseconds timeout, std::function<void(outcome)> done);

private:
  class session;
  std::shared_ptr<session> session_;
};

} // namespace betanet::net
