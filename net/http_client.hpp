#pragma once

#include "net/background.hpp"
#include "net/loop.hpp"
#include "net/outcome.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace betanet::net {

/// The credentials of a request: header fields, and certificates for https.
struct identity {
  std::string fields;              ///< Header lines, each ending in CRLF.
  std::optional<tls_material> tls; ///< Set for https.
};

/// The resource that a client requests.
struct resource {
  std::string host; ///< A name or an address, without brackets.
  std::uint16_t port;
  std::string path; ///< With the query, if there is one.
  std::string user_agent;
  std::uint64_t max_body_bytes;
  /// How long a connection is used, so that a changed address of the name is
  /// noticed.
  std::chrono::nanoseconds max_connection_age = std::chrono::hours{1};
  bool tls = false;
  /// The name the certificate must be for; empty: the host.
  std::string server_name;
  net::identity identity;
  /// Replaces `identity` before each request. Runs in a thread, may block and
  /// throws `std::runtime_error`. Empty: the identity never changes.
  std::function<net::identity()> identify;
};

/// The objects that all clients share. They must outlive the clients.
struct outbound {
  explicit outbound(loop& l) : events(l) {}

  loop& events;
  resolver names{events};
  background files{events, 32}; ///< Reads the files identities are made of.
  /// How many connections are being tried beside another one of the same
  /// request. On the loop's thread; requests may outlive this object.
  std::shared_ptr<std::size_t> races = std::make_shared<std::size_t>(0);
  /// Shared with reading threads, which may outlive everything else.
  std::shared_ptr<tls_contexts> contexts = std::make_shared<tls_contexts>();
};

/// How long a request may take: over a kept connection, and when one is opened
/// for it, which takes the loss of a packet into account.
struct time_limits {
  /// The same limit for both.
  template <class Rep, class Period>
  time_limits(std::chrono::duration<Rep, Period> both)
      : kept(both), fresh(both) {}
  time_limits(std::chrono::nanoseconds k, std::chrono::nanoseconds f)
      : kept(k), fresh(f) {}

  std::chrono::nanoseconds kept, fresh;
};

/// Gets one resource over a connection that it keeps between requests, for
/// `max_connection_age` at most. Any thread may use it. One request runs at a
/// time; a new one abandons the former.
class http_client {
public:
  http_client(outbound& shared, resource r);
  ~http_client(); ///< Abandons a running request.
  http_client(http_client&&) noexcept = default;

  /// Calls `done` once, on the loop's thread, when the limit has passed at the
  /// latest; it covers resolve, connect, TLS, write and read together. Never if
  /// abandoned. A kept connection that the server closed, or on which it sent
  /// anything since the last response, is replaced by a fresh one within the
  /// same request, whose limit then counts from the same start.
  void get(time_limits limits, std::function<void(outcome)> done);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
