#include "sim/body_reader.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace sim {

namespace json = boost::json;

namespace {

std::string joined(std::span<const std::string_view> words) {
  std::string all;
  for (const auto w : words)
    all += (all.empty() ? "" : ", ") + std::string{w};
  return all;
}

} // namespace

std::uint64_t parse_number(std::string_view what, std::string_view text,
                           std::uint64_t least, std::uint64_t most) {
  std::uint64_t n = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc{} || stop != end || n < least || n > most)
    throw std::invalid_argument(std::string{what} + ": a whole number from " +
                                std::to_string(least) + " to " +
                                std::to_string(most) + " is expected");
  return n;
}

body_reader::body_reader(std::string_view text) {
  boost::system::error_code ec;
  auto root = json::parse({text.data(), text.size()}, ec);
  if (ec || !root.is_object())
    throw std::invalid_argument("the body is not a JSON object");
  object_ = std::move(root.get_object());
}

void body_reader::refuse_unknown(
    std::span<const std::string_view> known) const {
  for (const auto& [key, value] : object_)
    if (std::find(known.begin(), known.end(), std::string_view{key}) ==
        known.end())
      throw std::invalid_argument("unknown key \"" + std::string{key} + "\", " +
                                  (known.empty()
                                       ? "an empty object is expected"
                                       : "the keys are " + joined(known)));
}

std::string body_reader::text(std::string_view key) const {
  if (auto value = optional_text(key))
    return *value;
  throw std::invalid_argument(std::string{key} + ": missing");
}

std::optional<std::string>
body_reader::optional_text(std::string_view key) const {
  const auto* const value = object_.if_contains(key);
  if (!value)
    return std::nullopt;
  if (!value->is_string())
    throw std::invalid_argument(std::string{key} + ": a string is expected");
  return std::string{value->get_string()};
}

std::optional<std::uint64_t>
body_reader::optional_number(std::string_view key, std::uint64_t least,
                             std::uint64_t most) const {
  const auto* const value = object_.if_contains(key);
  return value ? std::optional{parse_number(key, json::serialize(*value), least,
                                            most)}
               : std::nullopt;
}

} // namespace sim
