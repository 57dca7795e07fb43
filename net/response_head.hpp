#pragma once

#include "net/outcome.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Functions that check the head of an upstream's response by those rules that
/// the HTTP parser (Beast 1.81) does not enforce.
namespace betanet::net {

/// The parts of a response's head that the rules need. The texts must outlive
/// this object.
struct response_head {
  int version = 11; ///< Major * 10 + minor.
  int status = 0;
  std::vector<std::string_view> transfer_encodings; ///< One for each line.
  std::string_view content_encoding;                ///< Empty: absent.
};

/// 1xx other than 101: the final response is still to come.
bool is_interim(int status);

/// Why a response with this head cannot be used; empty if it can.
std::optional<error> head_defect(const response_head& head);

/// The seconds a `Retry-After` header asks for, at most 1e9. 0 for a date or
/// anything else that is not a number.
std::chrono::seconds parse_retry_after(std::string_view value);

/// What is known about the end of a response's header block.
struct response_head_end {
  std::size_t size = 0; ///< Of the block with its empty line; 0: unknown.
  std::optional<error> defect; ///< Why these bytes never become a head.
};

/// Looks for the end of the header block at the front of `bytes`. The first
/// `scanned` bytes have been looked at by an earlier call. The result depends
/// on the bytes only, not on how many calls they came in.
response_head_end find_response_head_end(std::string_view bytes,
                                         std::size_t scanned,
                                         std::size_t max_bytes);

/// At most 50 characters of text from outside, fit for logs and JSON: anything
/// but printable ASCII becomes a question mark.
std::string printable(std::string_view text);

} // namespace betanet::net
