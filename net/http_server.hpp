#pragma once

#include "net/loop.hpp"
#include "net/reply.hpp"
#include "net/request_head.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace betanet::net {

/// The statuses with which the server itself answers invalid requests.
inline constexpr std::array protocol_errors{400, 413, 417, 431, 505};

/// Counters since the start, except for those that are of the present.
struct server_stats {
  std::uint64_t requests = 0;    ///< Passed on to the handler.
  std::uint64_t connections = 0; ///< The present number of connections.
  /// The present number of scrapes whose response the kernel did not take at
  /// once and that are still being written.
  std::uint64_t slow_scrapes = 0;
  std::uint64_t rejected_limit = 0; ///< Closed because of a limit.
  /// Closed because of a limit set by a lack of descriptors, or not accepted
  /// because there was none.
  std::uint64_t rejected_descriptors = 0;
  /// Refused requests by status, in the order of `protocol_errors`.
  std::array<std::uint64_t, protocol_errors.size()> errors{};
  /// When the first certificate that the server sends expires; empty: no TLS.
  std::optional<std::chrono::sys_seconds> certificate_expiry;
};

struct request : request_head {
  std::string peer; ///< The `client_network` of the client.
  server_stats stats;
  /// How many of `server_stats::slow_scrapes` are those of this client.
  std::uint64_t own_slow_scrapes = 0;
  bool own = false; ///< This process asks itself, without a client.
};

/// One request that waits for its response.
class exchange {
public:
  virtual ~exchange() = default;
  virtual const net::request& request() const = 0;

  /// False once the client has reset the connection or the server has closed
  /// it: the answer would reach nobody. On the loop's thread.
  virtual bool is_open() const = 0;

  /// Answers the request. Must be called at most once, from any thread.
  virtual void respond(std::shared_ptr<const reply> r) = 0;

  /// Answers a scrape, which counts in `server_stats::slow_scrapes`. Otherwise
  /// like `respond`.
  virtual void respond_to_scrape(std::shared_ptr<const reply> r) = 0;
};

/// The limits of the resources that clients may use.
struct server_limits {
  std::size_t connections = 256;
  std::size_t connections_per_client = 64; ///< Of one `client_network`.
  /// The bytes of different replies that are kept for clients that read slowly.
  std::size_t page_bytes = 64 << 20;
  std::size_t header_bytes = header_limits{}.bytes; ///< For each request.
  int headers = header_limits{}.fields;             ///< For each request.
  /// The time for a complete header block. It starts when the connection is
  /// accepted, and for later requests with their first byte.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds{10};
  /// The time between requests: nginx's default for keepalive_timeout.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds{75};
  /// The time from a complete request to the last byte of its response.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds{30};
  /// The default is that of keepalive_requests in nginx.
  int requests_per_connection = 1000;
};

struct tls_context; // tls.hpp

/// How connections are secured and responses completed.
struct server_security {
  std::shared_ptr<tls_context> tls; ///< Null: not encrypted.
  /// Header fields, name and value, that every response gets. They replace its
  /// own of the same name.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// An HTTP/1.1 server for small GET requests: keep-alive, pipelining, a bound
/// for everything a client can use up.
class http_server {
public:
  /// Called on the loop's thread for each sound request.
  using handler = std::function<void(std::shared_ptr<exchange>)>;

  http_server(loop& l, server_limits limits, handler on_request);
  ~http_server(); ///< The loop must not run.

  /// Binds a TCP port. `host` is a name or an address, IPv6 without brackets;
  /// empty or `::` listens on both families. Port 0 takes a free port. Before
  /// the loop runs. Throws `std::runtime_error` that names the address. Returns
  /// the address bound, such as `[::]:9200`.
  std::string listen(const std::string& host, std::uint16_t port);

  /// Takes over a listening TCP socket. Otherwise like `listen`.
  std::string adopt(int descriptor);

  /// Sets how further connections are secured and further responses completed.
  /// Any thread.
  void secure(server_security security);

  /// Changes the limit of connections. It says whether descriptors are what
  /// limits them. Any thread.
  void limit_connections(std::size_t most, bool by_descriptors);

  /// Calls `f` when a connection is rejected for want of descriptors, at most
  /// once a minute. Both on the loop's thread, or before it runs.
  void on_lack_of_descriptors(std::function<void()> f);

  /// Stops accepting, lets running requests finish, closes the other
  /// connections, then calls `done` on the loop's thread. Any thread.
  void stop(std::function<void()> done);

private:
  class session;
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
