#include "net/response_head.hpp"

#include <algorithm>
#include <cctype>

namespace betanet::net {

namespace {

error protocol_error(const std::string& text) {
  return {errc::protocol, "invalid HTTP response: " + text};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::tolower(x) == std::tolower(y);
                    });
}

/// The end of the body is known: chunked is the only transfer encoding, and
/// only HTTP/1.1 has it (RFC 9112, 6.1).
bool has_sound_framing(const response_head& head) {
  const auto& all = head.transfer_encodings;
  return all.empty() || (all.size() == 1 && head.version == 11 &&
                         equal_ignoring_case(all.front(), "chunked"));
}

/// Why bytes that begin like this are not HTTP/1.x; empty if they may be.
std::optional<error> beginning_defect(std::string_view bytes) {
  constexpr char tls_alert = 0x15; // RFC 8446, 5.1: ContentType alert
  constexpr std::string_view version = "HTTP/1.";
  if (bytes.empty())
    return std::nullopt;
  if (bytes.front() == tls_alert)
    return protocol_error("the peer speaks TLS, the URL does not say https");
  const auto size = std::min(bytes.size(), version.size());
  if (bytes.substr(0, size) != version.substr(0, size))
    return protocol_error("no status line");
  return std::nullopt;
}

} // namespace

bool is_interim(int status) {
  return status >= 100 && status < 200 && status != 101;
}

std::optional<error> head_defect(const response_head& head) {
  if (head.version != 10 && head.version != 11)
    return protocol_error("bad HTTP version");
  if (!has_sound_framing(head))
    return protocol_error("bad Transfer-Encoding");
  // 101 answers an Upgrade, which is never asked for.
  if (head.status < 100 || head.status > 599 || head.status == 101)
    return protocol_error("status " + std::to_string(head.status));
  if (!is_interim(head.status) && !head.content_encoding.empty() &&
      !equal_ignoring_case(head.content_encoding, "identity"))
    return error{errc::encoding, "content encoding " +
                                     printable(head.content_encoding) +
                                     " was not asked for"};
  return std::nullopt;
}

std::chrono::seconds parse_retry_after(std::string_view value) {
  constexpr std::chrono::seconds::rep most = 1'000'000'000; // no overflow
  std::chrono::seconds::rep n = 0;
  for (const char c : value) {
    if (c < '0' || c > '9')
      return std::chrono::seconds{0};
    n = std::min(n * 10 + (c - '0'), most);
  }
  return std::chrono::seconds{n};
}

response_head_end find_response_head_end(std::string_view bytes,
                                         std::size_t scanned,
                                         std::size_t max_bytes) {
  if (auto defect = beginning_defect(bytes))
    return {0, std::move(defect)};
  const auto within = bytes.substr(0, max_bytes);
  for (auto i = within.find('\n', scanned); i != within.npos;
       i = within.find('\n', i + 1)) {
    if (i == 0 || within[i - 1] != '\r')
      return {0, protocol_error("a line ends in LF without CR")};
    if (within.substr(0, i + 1).ends_with("\r\n\r\n"))
      return {i + 1, std::nullopt};
  }
  if (bytes.size() > max_bytes)
    return {0, error{errc::too_large, "response header too large"}};
  return {};
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 50;
  std::string result{text.substr(0, longest)};
  for (auto& c : result)
    if (c < ' ' || c > '~')
      c = '?';
  return result;
}

} // namespace betanet::net
