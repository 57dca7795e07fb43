#pragma once

#include "net/loop.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace betanet::net {

enum class method : std::uint8_t { get, head, post, other };

/// Errors the server answers by itself, before a request has a meaning.
inline constexpr std::array protocol_errors{400, 413, 417, 431, 505};

/// Totals since the start, but for the two that say `now`.
struct server_stats {
  std::uint64_t connections = 0;    ///< Now.
  std::uint64_t slow_responses = 0; ///< Now: bodies the kernel did not take at
                                    ///< once and that are still being written.
  std::uint64_t rejected_limit = 0;
  std::uint64_t rejected_descriptors = 0;
  std::array<std::uint64_t, protocol_errors.size()> errors{};
};

struct request {
  net::method method = method::get;
  std::string path;  ///< Without the query, not decoded.
  std::string query; ///< Without the question mark.
  std::string accept, accept_encoding, host,
      authorization; ///< Headers, empty if absent.
  std::string peer;  ///< The client's address, without the port.
  server_stats stats;
};

/// A response ready for the wire, shared by any number of connections.
class message {
public:
  /// `fields` are whole header lines, each ending in CRLF.
  message(int status, std::string_view content_type, std::string_view body,
          std::string_view fields = {});

  int status() const { return status_; }

  /// Status line and header without the empty line, that line, the body.
  std::string_view head() const { return view(0, head_size_); }
  std::string_view blank() const { return view(head_size_, head_size_ + 2); }
  std::string_view body() const { return view(head_size_ + 2, wire_.size()); }

private:
  std::string_view view(std::size_t from, std::size_t to) const {
    return std::string_view{wire_}.substr(from, to - from);
  }

  int status_;
  std::string wire_;
  std::size_t head_size_;
};

/// One request waiting for its answer.
class exchange {
public:
  virtual ~exchange() = default;
  virtual const request& what() const = 0;

  /// Exactly once, from any thread.
  virtual void respond(std::shared_ptr<const message> m) = 0;
};

/// Bounds of what a client may cost; defaults: spec section 4.
struct server_limits {
  std::size_t connections = 256;
  std::size_t header_bytes = 8192;
  int headers = 100;
  std::chrono::nanoseconds header_timeout = std::chrono::seconds{10};
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds{75};
  std::chrono::nanoseconds write_timeout = std::chrono::seconds{30};
  int requests_per_connection = 1000;
};

struct tls_context; // tls.hpp

/// How connections are secured and answers completed.
struct server_security {
  std::shared_ptr<tls_context> tls; ///< Null: not encrypted.
  /// Header fields of every answer, name and value, instead of its own.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// An HTTP/1.1 server for small GETs: keep-alive, pipelining, every resource
/// bounded.
class http_server {
public:
  /// Called on the loop's thread for each sound request.
  using handler = std::function<void(std::shared_ptr<exchange>)>;

  http_server(loop& l, server_limits limits, handler on_request);
  ~http_server();

  /// Binds `:9200` (both families), `host:9200` or `[::1]:9200`; port 0 takes
  /// a free one. Before the loop runs. Throws `std::runtime_error` naming the
  /// address. Returns the address bound.
  std::string listen(const std::string& address);

  /// Takes over a listening TCP socket. Otherwise as `listen`.
  std::string adopt(int descriptor);

  /// For the connections and answers to come. Any thread.
  void secure(server_security how);

  /// Stops accepting, lets running requests finish, closes the rest, then
  /// calls `done` on the loop's thread. Any thread.
  void stop(std::function<void()> done);

private:
  class session;
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
