#pragma once

#include <algorithm>
#include <string>

namespace betanet::config {

/// Whether a text can be the name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`.
inline bool is_label_name(const std::string& text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9');
         });
}

} // namespace betanet::config
