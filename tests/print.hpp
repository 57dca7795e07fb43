#pragma once

#include <chrono>
#include <concepts>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace betanet::testing {

template <class T>
concept named_enum = std::is_enum_v<T> && requires(T x) {
  { name(x) } -> std::convertible_to<std::string_view>;
};

template <class T>
concept streamable = requires(std::ostream& out, const T& x) {
  out << x;
};

template <class T>
std::string show(const T& x);

template <class Rep, class Period>
std::string show(const std::chrono::duration<Rep, Period>& d) {
  std::ostringstream out;
  out.precision(18);
  out << std::chrono::duration<double>(d).count() << " s";
  return out.str();
}

template <class Clock, class Duration>
std::string show(const std::chrono::time_point<Clock, Duration>& t) {
  return "t0 + " + show(t.time_since_epoch());
}

template <class T>
std::string show(const std::optional<T>& x) {
  return x ? show(*x) : "nothing";
}

inline std::string show(std::nullopt_t) {
  return "nothing";
}

template <class A, class B>
std::string show(const std::pair<A, B>& p) {
  return "(" + show(p.first) + ", " + show(p.second) + ")";
}

/// A value as text, for the message of a failed test.
template <class T>
std::string show(const T& x) {
  if constexpr (std::is_same_v<T, bool>) {
    return x ? "true" : "false";
  } else if constexpr (named_enum<T>) {
    return std::string{name(x)};
  } else if constexpr (std::is_enum_v<T>) {
    return "enumerator " +
           std::to_string(static_cast<std::underlying_type_t<T>>(x));
  } else if constexpr (streamable<T>) {
    std::ostringstream out;
    out.precision(17);
    out << x;
    return out.str();
  } else if constexpr (requires { std::begin(x); }) {
    std::string all = "[";
    for (const auto& item : x)
      all += (all.size() > 1 ? ", " : "") + show(item);
    return all + "]";
  } else {
    return "a value that cannot be printed";
  }
}

/// The message of a failed comparison; empty if the values are equal.
template <class A, class B>
std::optional<std::string> difference(const A& a, const B& b) {
  if (a == b)
    return std::nullopt;
  return show(a) + " is not " + show(b);
}

/// The message of a failed search; empty if the text has the part, or lacks it
/// if `wanted` is false.
inline std::optional<std::string>
search_failure(std::string_view text, std::string_view part, bool wanted) {
  if ((text.find(part) != text.npos) == wanted)
    return std::nullopt;
  return "\"" + std::string{part} + (wanted ? "\" is not in" : "\" is in") +
         " \"" + std::string{text} + "\"";
}

} // namespace betanet::testing
