#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace betanet::config {

/// A character of a text in UTF-8 and the number of its bytes.
struct character {
  char32_t code;
  std::size_t size;
};

/// The character that begins at this byte; empty if the bytes are not UTF-8
/// (RFC 3629).
std::optional<character> character_at(std::string_view text, std::size_t at);

/// Whether the character is one of the control characters of ASCII or of
/// Latin 1.
constexpr bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

} // namespace betanet::config
