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
    need_more, ///< Feed on, or say that no more bytes come.
    complete,  ///< `take_response` has it.
    failed,    ///< `failure` has the reason.
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

  /// Only while more is needed. Bytes after the response are left over.
  progress feed(std::string_view bytes);

  /// No more bytes come. Only while more is needed; `complete` or `failed`.
  progress finish(ending how);

  /// A byte has been fed.
  bool has_begun() const;

  /// The head of the final response has been read.
  bool has_head() const;

  /// Once complete; once.
  response take_response();

  /// Once failed.
  const error& failure() const;

  /// Once complete: the peer keeps the connection open and sent nothing after
  /// the response, which the next request would take for its own.
  bool may_keep_connection() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace betanet::net
