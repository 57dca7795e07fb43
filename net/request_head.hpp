#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Functions that read and check the header block of a request.
namespace betanet::net {

enum class method : std::uint8_t { get, head, post, other };

/// The parts of a request's header block that the server uses.
struct request_head {
  net::method method = net::method::get;
  std::string path;  ///< Without the query, not decoded.
  std::string query; ///< Without the question mark, not decoded.
  /// Header fields, empty if absent. Repeated lines are joined by ", ".
  std::string accept, accept_encoding, host, authorization;
  std::string origin, sec_fetch_site;
  bool keep_alive = true; ///< Another request may follow on the connection.
};

/// Whether a browser sent the request for a page of another site: its `Origin`
/// (RFC 6454, 7) is another host or port than `Host`, or its `Sec-Fetch-Site`
/// (W3C Fetch Metadata) says so. Other clients send neither.
bool is_cross_site(const request_head& r);

/// The limits of a header block.
struct header_limits {
  std::size_t bytes = 8192; ///< Apache: LimitRequestFieldSize, for one field.
  int fields = 100;         ///< Apache: LimitRequestFields.
};

/// The number of bytes at the front that are empty lines. A server ignores
/// them before a request line (RFC 9112, 2.2).
std::size_t leading_empty_lines(std::string_view bytes);

/// What is known about the end of a header block.
struct header_end {
  std::size_t size = 0; ///< Of the block with its empty line; 0: unknown.
  int refusal = 0;      ///< The status to refuse the block with; 0: none.
};

/// Looks for the empty line that ends the header block at the front of
/// `bytes`. The first `scanned` bytes have been looked at by an earlier call
/// and are not looked at again. Refuses bytes that must not be part of a
/// header block (NUL, CR or LF alone, folded lines) with 400, and a block above
/// `max_bytes` with 431. The result depends on the bytes only, not on how many
/// calls they came in.
header_end find_header_end(std::string_view bytes, std::size_t scanned,
                           std::size_t max_bytes);

/// A request that must not be answered as asked.
struct refusal {
  int status; ///< 400, 413, 417, 431 or 505.
};

/// Reads a complete header block, empty line included. Refuses what RFC 9112
/// forbids or what allows request smuggling, any body, any expectation
/// and more than `max_fields` fields.
std::variant<request_head, refusal> parse_request_head(std::string_view block,
                                                       int max_fields);

} // namespace betanet::net
