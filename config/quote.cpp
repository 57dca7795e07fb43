#include "config/quote_impl.hpp"
#include "config/utf8_impl.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace betanet::config {

namespace {

/// The number of characters of a value that a message shows.
constexpr std::size_t shown_characters = 40;

bool is_letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether the text mixes three of four kinds of characters, as the rules for
/// passwords demand: small letters, capitals, digits, and marks. The marks of
/// names, addresses, paths and lists do not count.
bool mixes_kinds(std::string_view text) {
  constexpr std::size_t shortest = 8;
  bool small = false, capital = false, digit = false, mark = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    small = small || std::islower(byte);
    capital = capital || std::isupper(byte);
    digit = digit || std::isdigit(byte);
    mark = mark || (std::ispunct(byte) &&
                    std::string_view{".:-_/,[]"}.find(c) == text.npos);
  }
  return text.size() >= shortest && small + capital + digit + mark >= 3;
}

/// Whether the text is one long word of letters and digits, as keys and tokens
/// are in Base64 or in hexadecimal digits.
bool is_long_word(std::string_view text) {
  constexpr std::size_t shortest = 20;
  const bool hexadecimal = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) || c == '-';
  });
  const bool base64 = std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '+' || c == '/' || c == '=';
  });
  return text.size() >= shortest && (hexadecimal || base64) &&
         std::any_of(text.begin(), text.end(), is_digit);
}

/// Whether the text begins with a scheme of the Authorization header.
bool has_scheme(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text.starts_with("bearer ") || text.starts_with("basic ") ||
         text.starts_with("token ");
}

/// The text with its first `most` characters. Control characters and bytes that
/// are not UTF-8 become `\xNN`, because a terminal might obey them.
std::string cut(const std::string& text, std::size_t most) {
  constexpr auto hex = "0123456789abcdef";
  std::string out;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = character_at(text, at);
    const bool plain = c && !is_control(c->code);
    characters += plain ? 1 : 4;
    if (characters > most)
      return out + "...";
    const auto byte = static_cast<unsigned char>(text[at]);
    if (plain)
      out += text.substr(at, c->size);
    else
      out += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    at += plain ? c->size : 1;
  }
  return out;
}

} // namespace

bool looks_secret(const std::string& text) {
  const bool hash = text.size() > 1 && text[0] == '$' && is_digit(text[1]);
  const auto mark = text.find('?'); // of `?token=...`
  const bool query = mark != text.npos && text.find('=', mark) != text.npos;
  return text.find('@') != text.npos || text.find("://") != text.npos ||
         text.find('\n') != text.npos || text.find("-----") != text.npos ||
         hash || query || has_scheme(text) || mixes_kinds(text) ||
         is_long_word(text);
}

std::string quote(const std::string& text) {
  return looks_secret(text) ? "the value"
                            : '"' + cut(text, shown_characters) + '"';
}

std::string name_for_message(const std::string& text) {
  return looks_secret(text) ? "..." : cut(text, shown_characters);
}

std::string path_for_message(const std::string& path) {
  constexpr std::size_t most = 255; // a path that is longer is a mistake
  const auto name = path.substr(path.rfind('/') + 1);
  const bool secret = path.find('\n') != path.npos ||
                      path.find("-----") != path.npos ||
                      path.find("://") != path.npos || name.starts_with('$') ||
                      is_long_word(name);
  return secret ? "a file whose name looks like a secret" : cut(path, most);
}

} // namespace betanet::config
