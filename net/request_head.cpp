#include "net/request_head.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// Whether this byte must not stand here in a header block. `before` is the
/// byte before it. Beast accepts folded lines (obsolete, RFC 9112, 5.2) and
/// waits for more after a CR or LF that stands alone.
bool is_forbidden(char c, char before) {
  if (c == '\0')
    return true;
  if (c == '\n')
    return before != '\r';
  const bool folded = (c == ' ' || c == '\t') && before == '\n';
  return before == '\r' || folded;
}

/// The request line ends in a version of HTTP other than 1.0 and 1.1.
bool names_other_version(std::string_view block) {
  constexpr std::string_view pattern = " HTTP/d.d";
  const auto line = block.substr(0, block.find('\r'));
  if (line.size() < pattern.size())
    return false;
  const auto version = line.substr(line.size() - pattern.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && is_digit(version[6]) &&
         version[7] == '.' && is_digit(version[8]) && version != " HTTP/1.1" &&
         version != " HTTP/1.0";
}

/// Whether the value of `Host` is empty, or a host with or without a port
/// (RFC 9110, 7.2; RFC 3986, 3.2.2).
bool is_host(std::string_view value) {
  const auto consists_of = [](std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) ||
             marks.find(c) != marks.npos;
    });
  };
  const bool literal = value.starts_with('[');
  const auto end =
      literal ? value.find(']') : std::min(value.find(':'), value.size());
  if (end == value.npos)
    return false;
  const auto host = value.substr(literal, end - literal);
  const auto rest = value.substr(end + literal);
  const auto digits = rest.substr(rest.starts_with(':'));
  return consists_of(host, literal ? ":.%-_~" : "-._~%!$&'()*+,;=") &&
         (rest.empty() || rest[0] == ':') &&
         digits.find_first_not_of("0123456789") == digits.npos;
}

/// The status to refuse the request with; 0: none.
int refusal_status(const http::request_header<>& head, int max_fields) {
  using http::field;
  if (std::distance(head.begin(), head.end()) > max_fields)
    return 431;
  const auto hosts = head.count(field::host);
  const auto host = head[field::host];
  if (hosts > 1 || (hosts == 0 && head.version() == 11) ||
      !is_host({host.data(), host.size()}))
    return 400; // RFC 9112, 3.2
  if (head.count(field::transfer_encoding))
    return 400;
  const auto length = head.find(field::content_length);
  if (length != head.end() && length->value() != "0")
    return 413;
  if (head.count(field::expect))
    return 417;
  return 0;
}

method method_from(http::verb v) {
  if (v == http::verb::get)
    return method::get;
  if (v == http::verb::head)
    return method::head;
  return v == http::verb::post ? method::post : method::other;
}

/// Repeated lines of a field are one list (RFC 9110, 5.3).
std::string joined_values(const http::request_header<>& head, http::field f) {
  std::string all;
  const auto [first, last] = head.equal_range(f);
  for (auto line = first; line != last; ++line)
    all.append(all.empty() ? "" : ", ")
        .append(line->value().data(), line->value().size());
  return all;
}

request_head head_from(const http::request_header<>& head) {
  request_head result;
  const std::string_view target{head.target().data(), head.target().size()};
  const auto mark = std::min(target.find('?'), target.size());
  result.method = method_from(head.method());
  result.path = target.substr(0, mark);
  result.query = target.substr(std::min(mark + 1, target.size()));
  result.accept = joined_values(head, http::field::accept);
  result.accept_encoding = joined_values(head, http::field::accept_encoding);
  result.host = joined_values(head, http::field::host);
  result.authorization = joined_values(head, http::field::authorization);
  result.origin = joined_values(head, http::field::origin);
  for (const auto& line : head)
    if (boost::beast::iequals(line.name_string(), "Sec-Fetch-Site"))
      result.sec_fetch_site = {line.value().data(), line.value().size()};
  return result;
}

} // namespace

bool is_cross_site(const request_head& r) {
  if (!r.sec_fetch_site.empty() && r.sec_fetch_site != "same-origin" &&
      r.sec_fetch_site != "none")
    return true;
  if (r.origin.empty())
    return false;
  const auto scheme_end = r.origin.find("://");
  return scheme_end == r.origin.npos ||
         !boost::beast::iequals(r.origin.substr(scheme_end + 3), r.host);
}

std::size_t leading_empty_lines(std::string_view bytes) {
  std::size_t size = 0;
  while (bytes.substr(size).starts_with("\r\n"))
    size += 2;
  return size;
}

header_end find_header_end(std::string_view bytes, std::size_t scanned,
                           std::size_t max_bytes) {
  const auto within = bytes.substr(0, max_bytes);
  for (std::size_t i = scanned; i < within.size(); ++i) {
    if (is_forbidden(within[i], i > 0 ? within[i - 1] : '\0'))
      return {0, 400};
    if (within.substr(0, i + 1).ends_with("\r\n\r\n"))
      return {i + 1, 0};
  }
  return {0, bytes.size() > max_bytes ? 431 : 0};
}

std::variant<request_head, refusal> parse_request_head(std::string_view block,
                                                       int max_fields) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(block.size() + 1));
  parser.skip(true); // a body is refused, whatever its length
  boost::system::error_code ec;
  parser.put(asio::buffer(block.data(), block.size()), ec);
  if (ec || !parser.is_header_done())
    return refusal{names_other_version(block) ? 505 : 400};
  if (const int status = refusal_status(parser.get(), max_fields))
    return refusal{status};
  auto result = head_from(parser.get());
  // HTTP/1.0's own keep-alive is not supported.
  result.keep_alive = parser.get().version() == 11 && parser.keep_alive();
  return result;
}

} // namespace betanet::net
