#pragma once

#include "net/fair_queue.hpp"
#include "net/http_server.hpp"
#include "net/server_stream_impl.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unordered_map>
#include <unordered_set>

namespace betanet::net {

/// The phase of a connection.
enum class session_phase : std::uint8_t {
  reading,   ///< The TLS handshake, a request, or nothing between requests.
  waiting,   ///< The front has not answered the request yet.
  writing,   ///< A response is being written.
  lingering, ///< All is sent; bytes from the client are read and dropped.
  closed
};

/// The state that all connections of a server share. Lives on the loop's
/// thread.
struct http_server::state : std::enable_shared_from_this<state> {
  using acceptor = boost::asio::ip::tcp::acceptor;
  using clock = std::chrono::steady_clock;

  state(loop& l, server_limits bounds, handler h);

  /// Accepts connections once the loop runs. Returns the address.
  std::string accept_from(const std::shared_ptr<acceptor>& a);
  void accept(const std::shared_ptr<acceptor>& from);
  void pause_accepting(const std::shared_ptr<acceptor>& from);
  void admit(boost::asio::ip::tcp::socket socket);
  void reject_for_descriptors();
  void make_room(const std::string& client);
  template <class Predicate>
  void close_slowest(Predicate is_in_question);
  template <class Weight>
  std::string heaviest_client(Weight weight_of) const;
  void sweep();
  /// Queues a step of a connection that costs computing: a part of a TLS
  /// handshake, a request that came right behind another, a further part of a
  /// large response. The loop takes one between two rounds of its other events,
  /// and the clients take turns. The step is dropped if the phase changes.
  void take_turn(const std::shared_ptr<session>& s, void (session::*step)());
  bool is_busy() const { return steps_run; }
  void close(const std::shared_ptr<session>& s);
  void finish_stopping();

  std::uint64_t slow_scrapes_of(const std::string& client);
  /// Notes that a connection keeps a reply for a client that has not read it
  /// yet, until `release`. Above the limit the slowest clients are closed.
  void keep(const reply* r);
  void release(const reply* r);

  boost::asio::io_context& io;
  server_limits limits;
  bool is_limited_by_descriptors = false;     ///< `limits.connections` is.
  std::function<void()> on_lack;              ///< See `on_lack_of_descriptors`.
  std::optional<clock::time_point> lack_told; ///< When it was called last.
  const handler on_request;
  const clock::duration sweep_period;
  server_security security;
  std::vector<std::shared_ptr<acceptor>> acceptors;
  std::unordered_set<std::shared_ptr<session>> sessions;
  struct step {
    std::weak_ptr<session> of;
    session_phase phase; ///< The one in which it was queued.
    void (session::*take)();
  };
  fair_queue<step> steps;
  bool steps_run = false; ///< A handler that takes the next one is posted.
  /// How many connections keep each reply.
  std::unordered_map<const reply*, std::size_t> kept;
  std::size_t kept_bytes = 0;
  server_stats stats;
  boost::asio::steady_timer sweep_timer{io};
  std::function<void()> stopped; ///< Set once the server is stopping.
};

/// One connection. Owned by the server's set and, while a request waits for its
/// response, by whoever holds the exchange. Lives on the loop's thread.
class http_server::session
    : public exchange,
      public std::enable_shared_from_this<http_server::session> {
public:
  using clock = state::clock;

  session(std::shared_ptr<state> s, boost::asio::ip::tcp::socket socket);

  void start();
  const net::request& request() const override { return request_; }
  bool is_open() const override { return phase_ != session_phase::closed; }
  void respond(std::shared_ptr<const reply> r) override;
  void respond_to_scrape(std::shared_ptr<const reply> r) override;

  session_phase phase() const { return phase_; }
  const std::string& client() const { return request_.peer; }
  /// When the connection was accepted, was secured, received a complete
  /// request, or when the kernel last took a part of a response.
  clock::time_point progressed() const { return progressed_; }
  bool is_slow() const { return is_slow_; }
  bool is_slow_scrape() const { return is_slow_ && is_scrape_; }
  /// The bytes of the response that it keeps for a slow client.
  std::size_t kept_bytes() const { return is_slow_ ? reply_->size() : 0; }
  clock::time_point deadline() const { return deadline_; }

  /// Answers the request that waits, if there is one, then closes.
  void finish();
  void close();

private:
  /// Calls `f` when the socket can be read or written, unless the phase has
  /// changed.
  void when_ready(server_stream::outcome wanted, void (session::*f)());
  void queue_handshake();
  void shake_hands();
  void watch_for_reset();
  void respond(std::shared_ptr<const reply> r, bool to_scrape);

  void serve_next();
  void begin_request_deadline();
  void wait_for_bytes();
  void read();
  void serve(std::size_t header_size);

  void refuse(int status, const std::string& text = {});
  void write(std::shared_ptr<const reply> r);
  std::string head_with_fields() const;
  void write_part();
  void queue_writing();
  void finish_response();
  void linger();
  void drain();
  void begin_slow();
  void end_slow();

  std::shared_ptr<state> server_;
  server_stream stream_;
  session_phase phase_ = session_phase::reading;
  clock::time_point progressed_;
  clock::time_point deadline_; ///< Of the present phase.
  std::string input_;          ///< Read and not used yet.
  std::size_t scanned_ = 0;    ///< Of `input_`, for the end of the header.
  int requests_ = 0;           ///< Served on this connection.
  bool in_request_ = false;    ///< The first byte of a request has come.
  bool is_last_ = false;       ///< Close after this response.
  bool is_slow_ = false;       ///< The kernel did not take it all at once.
  bool is_scrape_ = false;     ///< The response is one to a scrape.
  std::size_t drained_ = 0;    ///< Bytes, while lingering.
  net::request request_;
  std::shared_ptr<const reply> reply_; ///< While it is written.
  std::string head_; ///< Its head, where that is not sent as it is.
  std::array<boost::asio::const_buffer, 3> unsent_;
};

} // namespace betanet::net
