#include "net/query.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace betanet::net {

namespace {

/// Decodes application/x-www-form-urlencoded. A percent sign that does not
/// begin a valid code is kept as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                       std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (coded) {
      std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

} // namespace

std::optional<std::string> query_value(std::string_view query,
                                       std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto mark = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, mark)) == name)
      return decoded(pair.substr(std::min(mark + 1, pair.size())));
  }
  return std::nullopt;
}

} // namespace betanet::net
