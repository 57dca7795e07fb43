#pragma once

#include "net/client_connection_impl.hpp"
#include "net/connector_impl.hpp"
#include "net/http_client.hpp"
#include "net/identity_reader_impl.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace betanet::net {

/// The state that a client keeps between requests. Lives on the loop's thread.
struct client_memory {
  client_memory(outbound& o, resource r);

  boost::asio::io_context& io;
  const resource target;
  outbound& shared;
  const std::shared_ptr<identity_reader> identities;
  std::shared_ptr<client_connection> kept; ///< The idle connection; or null.
};

/// The life of one request: read the identity, connect if no connection was
/// kept, send, read the response, all before a deadline. Lives on the loop's
/// thread, in a shared pointer; destroying it abandons the request.
class client_exchange : public std::enable_shared_from_this<client_exchange> {
public:
  /// `memory` must outlive it. `done` is called once and must destroy this.
  client_exchange(client_memory& memory, const time_limits& limits,
                  std::function<void(outcome)> done);
  ~client_exchange();

  void start();

private:
  template <class F>
  auto while_alive(F f);

  void abandon();
  void limit_to(std::chrono::nanoseconds timeout);
  void time_out();
  void prepared(identity_reader::prepared identity);
  void take_kept_connection();
  void connect();
  void connected(connector::result r);
  void send();
  void answered(client_connection::answer a);
  void finish(outcome result);

  client_memory& memory_;
  const time_limits limits_;
  const std::chrono::steady_clock::time_point started_ =
      std::chrono::steady_clock::now();
  std::chrono::nanoseconds timeout_{0}; ///< The limit in force; 0: none yet.
  std::function<void(outcome)> done_;
  boost::asio::steady_timer deadline_;
  bool is_prepared_ = false; ///< The identity has been read.
  trace_recorder recorder_;
  identity_reader::prepared identity_;
  std::shared_ptr<connector> connector_; ///< Null until it connects.
  std::shared_ptr<client_connection> connection_;
};

} // namespace betanet::net
