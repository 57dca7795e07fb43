#pragma once

#include "config/keys_impl.hpp"
#include "config/quote_impl.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

/// Functions that make the rows of the tables of keys.
namespace betanet::config {

// -- values ------------------------------------------------------------------
// The parse functions throw `std::invalid_argument` with the reason.

template <class Int>
Int parse_int(const std::string& text, Int least, Int most) {
  Int n{};
  const auto* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, n);
  if (text.empty() || rest != end || ec == std::errc::invalid_argument)
    throw std::invalid_argument(quote(text) + " is not a whole number");
  if (ec != std::errc{} || n < least || n > most)
    throw std::invalid_argument(quote(text) + " is not between " +
                                std::to_string(least) + " and " +
                                std::to_string(most));
  return n;
}

inline double parse_number(const std::string& text) {
  double x{};
  const auto* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, x);
  if (text.empty() || rest != end || ec != std::errc{} || !std::isfinite(x))
    throw std::invalid_argument(quote(text) + " is not a finite number");
  return x;
}

inline std::string print_number(double x) {
  std::array<char, 32> buffer;
  const auto [end, ec] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x);
  return {buffer.data(), end};
}

inline duration bounded_duration(const std::string& text, duration least,
                                 duration most) {
  const auto d = parse_duration(text);
  if (d < least || d > most)
    throw std::invalid_argument(quote(text) + " is not between " +
                                print_duration(least) + " and " +
                                print_duration(most));
  return d;
}

template <class Enum>
using words = std::vector<std::pair<std::string, Enum>>;

inline const words<bool> truth{{"true", true}, {"false", false}};
inline const words<balance> balances{{"failover", balance::failover},
                                     {"round_robin", balance::round_robin}};

template <class Enum>
Enum parse_word(const std::string& text, const words<Enum>& known) {
  std::vector<std::string> names;
  for (const auto& [word, value] : known) {
    if (word == text)
      return value;
    names.push_back(word);
  }
  std::string all;
  for (const auto& n : names)
    all += (all.empty() ? "" : ", ") + n;
  throw std::invalid_argument(quote(text) + " is not one of " + all);
}

/// The words as help texts list them: `full|compact`.
template <class Enum>
std::string join_words(const words<Enum>& known) {
  std::string all;
  for (const auto& [word, value] : known)
    all += (all.empty() ? "" : "|") + word;
  return all;
}

template <class Enum>
std::string print_word(Enum value, const words<Enum>& known) {
  return std::find_if(known.begin(), known.end(),
                      [&](const auto& w) { return w.second == value; })
      ->first;
}

template <class List, class Print>
std::string print_list(const List& items, Print print) {
  std::string text;
  for (const auto& item : items)
    text += (text.empty() ? "" : ",") + print(item);
  return text.empty() ? "[]" : text;
}

// -- kinds of keys -----------------------------------------------------------
// at(T&) returns a reference to the member that a key sets.

template <class T, class At>
key<T> duration_key(std::string name, std::string help, duration least,
                    duration most, At at) {
  return {std::move(name),
          std::move(help),
          false,
          [=](T& t, const std::string& s) {
            at(t) = bounded_duration(s, least, most);
          },
          {},
          [=](const T& t) { return print_duration(at(t)); },
          "DURATION"};
}

template <class T, class At, class Int>
key<T> int_key(std::string name, std::string help, Int least, Int most, At at) {
  return {
      std::move(name),
      std::move(help),
      false,
      [=](T& t, const std::string& s) { at(t) = parse_int(s, least, most); },
      {},
      [=](const T& t) { return std::to_string(at(t)); },
      "INTEGER"};
}

template <class T, class At, class Enum>
key<T> word_key(std::string name, std::string help, words<Enum> known, At at) {
  return {std::move(name),
          std::move(help),
          false,
          [=](T& t, const std::string& s) { at(t) = parse_word(s, known); },
          {},
          [=](const T& t) { return print_word(at(t), known); },
          join_words(known)};
}

/// Adds two keys: `name` for the text of a secret and `name`_file for the file
/// that contains it. `when` says in the help text when the file is read.
template <class T, class At>
void add_secret(std::vector<key<T>>& to, const std::string& name,
                const std::string& what, At at, const char* when) {
  to.push_back({name,
                what + ".",
                false,
                [=](T& c, const std::string& s) { at(c).text = s; },
                {},
                [=](const T& c) -> std::string {
                  return at(c).text.empty() ? "" : "<secret>";
                }});
  to.push_back({name + "_file",
                what + ": the file that contains it, " + when + ".",
                false,
                [=](T& c, const std::string& s) { at(c).file = s; },
                {},
                [=](const T& c) { return at(c).file; }});
}

} // namespace betanet::config
