#include "config/keys_impl.hpp"
#include "config/quote_impl.hpp"

#include <algorithm>
#include <charconv>

namespace betanet::config {

namespace {

struct unit {
  const char* name;
  std::int64_t nanoseconds;
};

// The largest unit comes first: Prometheus accepts units in this order only.
constexpr std::array units{unit{"y", 31'536'000'000'000'000},
                           unit{"w", 604'800'000'000'000},
                           unit{"d", 86'400'000'000'000},
                           unit{"h", 3'600'000'000'000},
                           unit{"m", 60'000'000'000},
                           unit{"s", 1'000'000'000},
                           unit{"ms", 1'000'000}};

[[noreturn]] void refuse_duration(const std::string& text) {
  throw std::invalid_argument(quote(text) +
                              " is not a duration such as 250ms, 15s or 1m30s");
}

} // namespace

duration parse_duration(const std::string& text) {
  if (text == "0")
    return duration{0};
  const char* at = text.data();
  const char* const end = at + text.size();
  auto next_unit = units.begin();
  // The limit of 100 years leaves room to add two durations in 64 bits.
  constexpr std::int64_t largest = 100 * units[0].nanoseconds;
  std::int64_t total = 0;
  while (at != end) {
    std::int64_t n = 0;
    const auto [digits_end, ec] = std::from_chars(at, end, n);
    if (ec != std::errc{} || *at == '-')
      refuse_duration(text);
    const char* name_end = digits_end;
    while (name_end != end && (*name_end < '0' || *name_end > '9'))
      ++name_end;
    const std::string_view name{
        digits_end, static_cast<std::size_t>(name_end - digits_end)};
    const auto found = std::find_if(
        next_unit, units.end(), [&](const unit& u) { return u.name == name; });
    if (found == units.end())
      refuse_duration(text);
    if (n > (largest - total) / found->nanoseconds)
      throw std::invalid_argument(quote(text) + " is longer than 100y");
    total += n * found->nanoseconds;
    next_unit = found + 1;
    at = name_end;
  }
  if (text.empty())
    refuse_duration(text);
  return duration{total};
}

std::string print_duration(duration d) {
  std::string text;
  auto rest = d.count();
  for (const auto& u : units) {
    const bool rarely_meant = u.name[0] == 'y' || u.name[0] == 'w';
    if (rarely_meant || rest < u.nanoseconds)
      continue;
    text += std::to_string(rest / u.nanoseconds) + u.name;
    rest %= u.nanoseconds;
  }
  return text.empty() ? "0s" : text;
}

} // namespace betanet::config
