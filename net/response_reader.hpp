#pragma once

#include "net/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace betanet::net {

/// Reads one response from bytes as they come, without a socket or a clock.
/// Interim responses (1xx) before it are read and dropped. The result does not
/// depend on how the bytes are split. Not thread-safe.
///
/// Limits: 8 KiB for each header block, 16 KiB for all that is not body
/// (header blocks, chunk extensions, the last chunk with its trailers), 5
/// interim responses, `max_body_bytes` for the body.
class response_reader {
public:
  enum class progress : std::uint8_t {
    need_more, ///< The response is incomplete.
    complete,  ///< `take_response` returns the response.
    failed,    ///< `failure` returns the reason.
  };

  /// How the bytes ended.
  enum class ending : std::uint8_t {
    orderly, ///< The peer closed: may end a body without a length.
    cut,     ///< TLS ended without its closing alert: nothing is complete.
  };

  explicit response_reader(std::uint64_t max_body_bytes);
  ~response_reader();
  response_reader(response_reader&&) noexcept;
  response_reader& operator=(response_reader&&) noexcept;

  /// Reads more bytes. May be called only while more are needed. Bytes after
  /// the response are ignored.
  progress feed(std::string_view bytes);

  /// Handles the end of the connection. May be called only while more bytes are
  /// needed. Returns `complete` or `failed`.
  progress finish(ending how);

  /// Whether a byte has been fed.
  bool has_begun() const;

  /// Returns the response. May be called once, after `complete`.
  response take_response();

  /// The reason of the failure. May be called only after `failed`.
  const error& failure() const;

  /// Whether the connection can be used for another request: the peer keeps it
  /// open and has sent nothing after the response. May be called only after
  /// `complete`.
  bool may_keep_connection() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace betanet::net
