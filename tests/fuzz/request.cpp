// Bytes from a client: the header blocks the server finds in them, and the
// headers it reads. Whatever comes, a block is accepted or refused with a known
// status, and how the bytes are split makes no difference.
#include "net/basic_auth.hpp"
#include "net/content_negotiation.hpp"
#include "net/http_server.hpp"
#include "net/query.hpp"

#include <algorithm>
#include <cstdlib>

using namespace betanet;

namespace {

constexpr net::header_limits limits{512, 10}; // small, so that they are met

void check(bool b) {
  if (!b)
    std::abort();
}

bool is_protocol_error(int status) {
  return std::find(net::protocol_errors.begin(), net::protocol_errors.end(),
                   status) != net::protocol_errors.end();
}

/// The end that is found if the bytes come in two pieces.
net::header_end find_in_two(std::string_view bytes, std::size_t first) {
  const auto early =
      net::find_header_end(bytes.substr(0, first), 0, limits.bytes);
  return early.size || early.refusal
             ? early
             : net::find_header_end(bytes, first, limits.bytes);
}

/// The size of the block at the front; 0: none, or refused.
std::size_t serve(std::string_view bytes) {
  const auto end = net::find_header_end(bytes, 0, limits.bytes);
  const auto split = find_in_two(bytes, bytes.size() / 2);
  check(end.size == split.size && end.refusal == split.refusal);
  check(end.refusal == 0 || is_protocol_error(end.refusal));
  if (end.size == 0)
    return 0;
  const auto parsed =
      net::parse_request_head(bytes.substr(0, end.size), limits.fields);
  if (const auto* r = std::get_if<net::refusal>(&parsed)) {
    check(is_protocol_error(r->status));
    return 0;
  }
  const auto& head = std::get<net::request_head>(parsed);
  net::parse_basic_auth(head.authorization);
  net::preferred_format(head.accept);
  net::accepts_gzip(head.accept_encoding);
  net::query_value(head.query, "target");
  return end.size;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes{reinterpret_cast<const char*>(data), size};
  for (;;) { // pipelined requests
    bytes.remove_prefix(net::leading_empty_lines(bytes));
    const auto served = serve(bytes);
    if (served == 0)
      return 0;
    bytes.remove_prefix(served);
  }
}
