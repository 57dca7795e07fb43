#include "pages/json_text_impl.hpp"

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <limits>

namespace betanet::pages {

namespace {

namespace json = boost::json;

constexpr int max_decimals = 6;

/// The longest text of `decimal`: sign, digits, point, decimals.
constexpr std::size_t longest_decimal =
    std::numeric_limits<double>::max_exponent10 + 3 + max_decimals;

void append(std::string& out, const json::value& v);

void append(std::string& out, const json::object& o) {
  const char* separator = "{";
  for (const auto& [key, value] : o) {
    out += separator + json::serialize(key) + ":";
    append(out, value);
    separator = ",";
  }
  out += o.empty() ? "{}" : "}";
}

void append(std::string& out, const json::array& a) {
  const char* separator = "[";
  for (const auto& value : a) {
    out += separator;
    append(out, value);
    separator = ",";
  }
  out += a.empty() ? "[]" : "]";
}

void append(std::string& out, const json::value& v) {
  if (const auto* o = v.if_object())
    append(out, *o);
  else if (const auto* a = v.if_array())
    append(out, *a);
  else if (const auto* number = v.if_double())
    out += decimal(*number);
  else
    out += json::serialize(v);
}

} // namespace

std::string decimal(double number) {
  std::array<char, longest_decimal> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number,
                    std::chars_format::fixed, max_decimals);
  std::string text(digits.data(), end.ptr);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text += '0';
  return text == "-0.0" ? "0.0" : text;
}

std::string json_text(const json::value& v) {
  std::string out;
  append(out, v);
  return out;
}

} // namespace betanet::pages
