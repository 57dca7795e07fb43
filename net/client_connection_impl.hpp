#pragma once

#include "net/response_reader.hpp"
#include "net/stream_impl.hpp"
#include "net/trace_recorder_impl.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace betanet::net {

/// A connection to a server that carries one request after another. Lives on
/// the loop's thread, in a shared pointer: its running operations keep it
/// alive, because an aborted one still touches its buffers.
///
/// Once a response has been read a read is always pending: what the server
/// sends while no request runs, or its close, closes the connection.
class client_connection
    : public std::enable_shared_from_this<client_connection> {
public:
  /// How a request ended.
  struct answer {
    outcome result;
    /// The server closed the kept connection before it answered with a single
    /// byte: it may not have seen the request, which can be sent again.
    bool lost_before_response = false;
  };

  /// The connection is encrypted unless `context` is null.
  client_connection(boost::asio::ip::tcp::socket socket,
                    std::shared_ptr<tls_context> context);

  const std::shared_ptr<tls_context>& context() const { return context_; }
  std::chrono::steady_clock::time_point opened_at() const { return opened_at_; }

  /// Before the first request of an encrypted connection. Verifies the
  /// certificate against `server_name`, a name or an address. Calls `done`
  /// once, with the error if there is one, unless closed before. `recorder`
  /// must live until then.
  void shake_hands(const std::string& server_name, trace_recorder& recorder,
                   std::function<void(std::optional<error>)> done);

  /// Sends a request and reads its response, one at a time. Calls `done` once,
  /// unless closed before. Afterwards the connection is open if it can be
  /// used again. `recorder` must live until then.
  void exchange(std::string request, std::uint64_t max_body_bytes,
                trace_recorder& recorder, std::function<void(answer)> done);

  bool is_open() const { return open_; }

  /// Whether it is open, the last request is written, and the server has sent
  /// nothing since the last response.
  bool is_reusable() { return open_ && !is_writing_ && stream_.is_silent(); }

  /// Closes the connection. Afterwards no `done` is called. May be called more
  /// than once.
  void close();

private:
  /// What the bytes of a response need; only while a request runs.
  struct incoming {
    explicit incoming(std::uint64_t max_body_bytes) : reader(max_body_bytes) {}

    response_reader reader;
    /// Null until a response has filled the small buffer. Its size is that of
    /// one TLS record (RFC 8446, 5.1).
    std::unique_ptr<std::array<char, 16384>> large_buffer;
  };

  template <class F>
  auto while_open(F f);

  void enter(step s);
  bool has_early_bytes();
  void on_written(boost::system::error_code ec);
  void read();
  void read_ahead();
  void on_read_ahead(boost::system::error_code ec, std::size_t n);
  void feed(std::string_view bytes);
  void on_lost(boost::system::error_code ec);
  void finish();
  void fail(error e, bool lost_before_response = false);
  void end_request(answer a);

  stream stream_;
  const std::shared_ptr<tls_context> context_;
  const std::chrono::steady_clock::time_point opened_at_ =
      std::chrono::steady_clock::now();
  bool open_ = true;
  server_chain chain_;   ///< What the handshake found out about it.
  bool is_kept_ = false; ///< A response has been read completely.

  std::function<void(answer)> done_;   ///< Set while a request runs.
  trace_recorder* recorder_ = nullptr; ///< Null: no request runs.
  std::string request_;
  bool is_writing_ = false;
  boost::system::error_code write_error_;
  std::unique_ptr<incoming> incoming_;

  bool is_reading_ahead_ = false;
  /// The buffer of the read between requests, and of responses that fit into
  /// it, as those of Betanet do: they have less than 400 bytes.
  std::array<char, 512> small_buffer_;
};

} // namespace betanet::net
