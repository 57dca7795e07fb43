#pragma once

#include "net/http_server.hpp"
#include "net/server_stream_impl.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <unordered_set>

namespace betanet::net {

/// What the connections share. Lives on the loop's thread.
struct http_server::state : std::enable_shared_from_this<state> {
  using acceptor = boost::asio::ip::tcp::acceptor;
  using clock = std::chrono::steady_clock;

  state(loop& l, server_limits bounds, handler h);

  /// Gives the address; accepts once the loop runs.
  std::string accept_from(const std::shared_ptr<acceptor>& a);
  void accept(const std::shared_ptr<acceptor>& from);
  void admit(boost::asio::ip::tcp::socket socket);
  bool make_room();
  void sweep();
  /// One handshake a turn of the loop: they are dear, and everything else goes
  /// first.
  void shake_hands_later(const std::shared_ptr<session>& s);
  void close(const std::shared_ptr<session>& s);
  void finish_stopping();

  boost::asio::io_context& io;
  const server_limits limits;
  const handler on_request;
  const clock::duration sweep_period;
  server_security security;
  std::vector<std::shared_ptr<acceptor>> acceptors;
  std::unordered_set<std::shared_ptr<session>> sessions;
  std::deque<std::weak_ptr<session>> handshakes; ///< That can go on.
  server_stats stats;
  boost::asio::steady_timer sweep_timer{io};
  std::function<void()> stopped; ///< Set once stopping.
};

/// One connection. Owned by the server's set and, while a request waits for
/// its answer, by the exchange.
class http_server::session
    : public exchange,
      public std::enable_shared_from_this<http_server::session> {
public:
  enum class phase : std::uint8_t {
    reading, ///< The handshake of TLS is part of it.
    waiting,
    writing,
    lingering,
    closed
  };
  using clock = state::clock;

  session(std::shared_ptr<state> s, boost::asio::ip::tcp::socket socket);

  void start();
  void shake_hands();
  const request& what() const override { return request_; }
  void respond(std::shared_ptr<const message> m) override;

  phase now() const { return phase_; }
  clock::time_point since() const { return since_; }
  clock::time_point deadline() const { return deadline_; }

  /// Answers what is complete, then closes.
  void finish();
  void close();

private:
  /// Goes on with `f` when the socket is ready, unless the phase has changed.
  void when_ready(server_stream::outcome wanted, void (session::*f)());
  void may_shake_hands();

  void next();
  void read();
  void take();
  void serve(std::size_t header_size);

  void refuse(int status, const std::string& why = {});
  void write(std::shared_ptr<const message> m);
  void write_on();
  void written();
  void linger();
  void drain();
  void leave_slow();

  std::shared_ptr<state> server_;
  server_stream stream_;
  phase phase_ = phase::reading;
  clock::time_point since_;    ///< Without a complete request since.
  clock::time_point deadline_; ///< Of the present phase; the sweep looks.
  std::string input_;
  std::size_t scanned_ = 0;
  int requests_ = 0;
  bool in_request_ = false; ///< Its first byte has come.
  bool last_ = false;       ///< Close after this answer.
  bool slow_ = false;       ///< Counted as a slow response.
  std::size_t drained_ = 0;
  request request_;
  std::shared_ptr<const message> message_;
  std::string joined_; ///< Its head, where that is not sent as it is.
  std::array<boost::asio::const_buffer, 3> unsent_;
};

} // namespace betanet::net
