#include "metrics/number.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace betanet::metrics {

namespace {

/// The digits of a number without the zeros at both ends.
struct significant_digits {
  std::string_view text; ///< May contain the decimal point.
  std::int64_t highest;  ///< The power of ten of the first digit.
  std::int64_t lowest;   ///< The power of ten of the last digit.
};

/// Reads the part of a number from its "e" on, which may be missing.
std::int64_t read_exponent(std::string_view text) {
  constexpr std::int64_t limit = 1'000'000'000'000; // no text has more digits
  text.remove_prefix(std::min(text.find_first_not_of("eE+"), text.size()));
  std::int64_t exponent = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (result.ec == std::errc::result_out_of_range)
    return text.starts_with('-') ? -limit : limit;
  return std::clamp(exponent, -limit, limit);
}

/// Returns nothing if the number is zero.
std::optional<significant_digits> find_digits(std::string_view text) {
  constexpr const char* other_than_0 = "123456789";
  const auto mantissa = text.substr(0, text.find_first_of("eE"));
  const auto first = mantissa.find_first_of(other_than_0);
  if (first == mantissa.npos)
    return std::nullopt;
  const auto last = mantissa.find_last_of(other_than_0);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  const auto exponent = read_exponent(text.substr(mantissa.size()));
  const auto power_at = [&](std::size_t place) {
    const auto left = static_cast<std::int64_t>(point - place);
    return exponent + (place < point ? left - 1 : left);
  };
  return significant_digits{mantissa.substr(first, last + 1 - first),
                            power_at(first), power_at(last)};
}

bool is_above_power(const significant_digits& d, int power) {
  return d.highest > power || (d.highest == power && d.text != "1");
}

} // namespace

std::variant<double, number_defect> read_number(std::string_view text,
                                                const number_rules& rules) {
  const auto digits = find_digits(text);
  if (!digits)
    return 0.0;
  if (text.front() == '-')
    return number_defect::negative;
  if (is_above_power(*digits, rules.largest_power))
    return number_defect::too_large;
  if (rules.whole && digits->lowest < 0)
    return number_defect::fraction;
  double nearest = 0; // stays 0 for a number too small for a double
  std::from_chars(text.data(), text.data() + text.size(), nearest);
  return nearest;
}

} // namespace betanet::metrics
