#define CAF_SUITE number

#include "metrics/number.hpp"

#include "tests/suite.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <random>

using namespace betanet::metrics;
using namespace std::string_literals;

namespace {

using result = std::variant<double, number_defect>;

constexpr number_rules whole{};
constexpr number_rules latency{.whole = false, .largest_power = 9};

/// The value, or the name of the defect.
std::string show(const result& r) {
  if (const auto* x = std::get_if<double>(&r))
    return (std::signbit(*x) ? "-" : "") + betanet::testing::show(*x);
  switch (std::get<number_defect>(r)) {
  case number_defect::negative:
    return "negative";
  case number_defect::too_large:
    return "too large";
  case number_defect::fraction:
    return "fraction";
  }
  return "";
}

std::string read(const std::string& text, const number_rules& rules = whole) {
  return show(read_number(text, rules));
}

// -- reference and random spellings ------------------------------------------

/// The digits of a number that is written without an exponent.
struct plain_number {
  std::string before_point, after_point;
};

plain_number without_exponent(const std::string& text) {
  const auto e = std::min(text.find('e'), text.size());
  const auto mantissa = text.substr(0, e);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  auto digits = mantissa;
  std::erase(digits, '.');
  auto place = static_cast<int>(point);
  if (e < text.size())
    place += std::atoi(&text[e + 1]);
  if (place < 0)
    digits.insert(0, static_cast<std::size_t>(-place), '0');
  const auto at = static_cast<std::size_t>(std::max(place, 0));
  if (digits.size() < at)
    digits.append(at - digits.size(), '0');
  return {digits.substr(0, at), digits.substr(at)};
}

bool is_zero(const std::string& digits) {
  return digits.find_first_not_of('0') == digits.npos;
}

/// Reads a number digit by digit and with strtod, which is independent of
/// std::from_chars.
result reference(const std::string& text, const number_rules& rules) {
  const bool minus = text[0] == '-';
  auto [before, after] = without_exponent(text.substr(minus));
  before.erase(0, before.find_first_not_of('0'));
  if (is_zero(before) && is_zero(after))
    return 0.0;
  if (minus)
    return number_defect::negative;
  const auto size = static_cast<std::size_t>(rules.largest_power) + 1;
  if (before.size() > size)
    return number_defect::too_large;
  if (before.size() == size &&
      (before[0] != '1' || !is_zero(before.substr(1)) || !is_zero(after)))
    return number_defect::too_large;
  if (rules.whole && !is_zero(after))
    return number_defect::fraction;
  return std::strtod(text.c_str(), nullptr);
}

struct speller {
  std::mt19937_64 engine;

  int draw(int below) { return static_cast<int>(engine() % below); }

  /// Every second digit is a zero, so that many numbers are whole.
  std::string digits(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += draw(2) ? '0' : static_cast<char>('0' + draw(10));
    return text;
  }

  /// A random text that RFC 8259 allows for a number.
  std::string spell() {
    std::string text = draw(16) == 0 ? "-" : "";
    if (draw(3) == 0)
      text += '0';
    else
      text += static_cast<char>('1' + draw(9)) + digits(draw(20));
    if (draw(2))
      text += "." + digits(1 + draw(20));
    if (draw(2)) {
      const int most = draw(8) == 0 ? 400 : 25;
      const int exponent = draw(2 * most + 1) - most;
      text += draw(2) && exponent >= 0 ? "e+" : "e";
      text += std::to_string(exponent);
    }
    return text;
  }
};

} // namespace

CAF_TEST(a whole number is exact up to 2 to the 53rd in every spelling) {
  for (const auto* seven :
       {"7", "7.0", "7e0", "7E0", "7e-0", "70e-1", "0.7e1", "0.07E+2",
        "7000000e-6", "7.000000000000000000000000", "0.0000007e0000007"})
    CAF_CHECK_EQUAL(read(seven), "7");
  for (const auto* largest :
       {"9007199254740991", "9007199254740991.0", "9007199254740991.00000000",
        "9.007199254740991e15", "9007199254740991000e-3",
        "0.9007199254740991E+16"})
    CAF_CHECK_EQUAL(read(largest), "9007199254740991");

  CAF_CHECK_EQUAL(read("9007199254740992"), "9007199254740992");
  CAF_CHECK_EQUAL(read("700000000123.000000"), "700000000123");
}

CAF_TEST(a larger whole number is the nearest double) {
  CAF_CHECK_EQUAL(read("9007199254740993"), "9007199254740992");
  CAF_CHECK_EQUAL(read("9007199254740993.0"), "9007199254740992");
  CAF_CHECK_EQUAL(read("9007199254740995"), "9007199254740996");
  CAF_CHECK_EQUAL(read("18446744073709551615"),
                  betanet::testing::show(18446744073709551616.0));
  CAF_CHECK_EQUAL(read("123456789012345678901234567890"),
                  betanet::testing::show(123456789012345678901234567890.0));
}

CAF_TEST(zero is zero whatever its sign and exponent) {
  for (const auto* zero :
       {"0", "-0", "0.0", "-0.000", "0e400", "-0e400", "0.00e-400", "0e0",
        "0E99999999999999999999", "-0e-99999999999999999999"})
    for (const auto& rules : {whole, latency})
      CAF_CHECK_EQUAL(read(zero, rules), "0");
}

CAF_TEST(a number below zero is negative however small it is) {
  for (const auto* below :
       {"-1", "-0.5", "-1e-400", "-1e400", "-0.001e-99999999999999999999"})
    for (const auto& rules : {whole, latency})
      CAF_CHECK_EQUAL(read(below, rules), "negative");
}

CAF_TEST(a fraction is seen however small it is) {
  for (const auto* fraction :
       {"7.5", "0.1", "1e-1", "1e-400", "75e-1", "7.00000000000000000000000001",
        "9007199254740991.5", "1e-99999999999999999999"})
    CAF_CHECK_EQUAL(read(fraction), "fraction");

  CAF_CHECK_EQUAL(read("7.5", latency), "7.5");
  CAF_CHECK_EQUAL(read("45.25e-1", latency), betanet::testing::show(4.525));
}

CAF_TEST(a fraction too small for a double is 0) {
  CAF_CHECK_EQUAL(read("3e-324", latency), "4.9406564584124654e-324");
  for (const auto* tiny : {"2e-324", "1e-400", "1e-99999999999999999999"})
    CAF_CHECK_EQUAL(read(tiny, latency), "0");
}

CAF_TEST(a number has a largest value) {
  const auto power_of_300 = "1" + std::string(300, '0');

  CAF_CHECK_EQUAL(read("1e300"), betanet::testing::show(1e300));
  CAF_CHECK_EQUAL(read("0.01E302"), betanet::testing::show(1e300));
  CAF_CHECK_EQUAL(read("0.010E302"), betanet::testing::show(1e300));
  CAF_CHECK_EQUAL(read(power_of_300), betanet::testing::show(1e300));
  CAF_CHECK_EQUAL(read(power_of_300 + ".0"), betanet::testing::show(1e300));
  CAF_CHECK_EQUAL(read("9.99e299"), betanet::testing::show(9.99e299));
  for (const auto& above :
       {std::string{"1.1e300"}, "1.0000000000000000000000000001e300"s, "2e300"s,
        "1e301"s, "1e308"s, "1e400"s, "1e99999999999999999999"s,
        power_of_300 + ".01", "1" + std::string(299, '0') + "1",
        power_of_300 + "0"})
    CAF_CHECK_EQUAL(read(above), "too large");
  CAF_CHECK_EQUAL(read("1000000000", latency), "1000000000");
  for (const auto* above : {"1000000000.0000000001", "1000000001", "2e9",
                            "1e10", "0.2e10", "1e300"})
    CAF_CHECK_EQUAL(read(above, latency), "too large");
}

CAF_TEST(a number ends where its text does) {
  constexpr std::string_view body = "7525e12";

  CAF_CHECK_EQUAL(show(read_number(body.substr(0, 2), whole)), "75");
  CAF_CHECK_EQUAL(show(read_number(body.substr(2, 4), whole)), "250");
}

CAF_TEST(long spellings are exact) {
  const std::string zeros(700000, '0');

  CAF_CHECK_EQUAL(read("7" + zeros + "e-700000"), "7");
  CAF_CHECK_EQUAL(read("0." + zeros + "7e700001"), "7");
  CAF_CHECK_EQUAL(read("7." + zeros), "7");
  CAF_CHECK_EQUAL(read("7." + zeros + "1"), "fraction");
  CAF_CHECK_EQUAL(read("7e" + zeros + "1"), "70");
  CAF_CHECK_EQUAL(read("0." + zeros + "123456789123456789123e700009", latency),
                  betanet::testing::show(123456789.123456789123));
}

// NUMBER_SEED=n chooses the spellings.
CAF_TEST(random spellings are read as by an exact reference) {
  const char* given = std::getenv("NUMBER_SEED");
  const auto seed = given ? std::stoull(given) : 1;
  speller random{std::mt19937_64{seed}};
  std::array<int, 4> seen{}; // values and the three defects

  for (int i = 0; i < 1'000'000; ++i) {
    const auto text = random.spell();
    const auto& rules = i % 4 == 0 ? latency : whole;
    const auto expected = reference(text, rules);
    const auto found = read_number(text, rules);
    const auto* d = std::get_if<number_defect>(&expected);
    ++seen[d ? 1 + static_cast<std::size_t>(*d) : 0];
    if (found != expected)
      CAF_FAIL("NUMBER_SEED=" << seed << ": " << text << " is " << show(found)
                              << ", not " << show(expected));
  }

  CAF_MESSAGE("NUMBER_SEED=" << seed << ": " << betanet::testing::show(seen));
  for (const auto count : seen)
    CAF_CHECK_GREATER(count, 10000);
}
