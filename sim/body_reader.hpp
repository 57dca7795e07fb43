#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sim {

/// A whole number in decimal digits. Throws a `std::invalid_argument` that
/// begins with `what` if the text is none or not between the bounds.
std::uint64_t parse_number(std::string_view what, std::string_view text,
                           std::uint64_t least, std::uint64_t most);

/// Reads the JSON object in the body of a control request. All functions throw
/// a `std::invalid_argument` that names the key and what is expected.
class body_reader {
public:
  explicit body_reader(std::string_view json);

  const boost::json::object& object() const { return object_; }

  /// Refuses keys that are not listed.
  void refuse_unknown(std::span<const std::string_view> known) const;

  /// The value of a key that must be there.
  std::string text(std::string_view key) const;
  std::optional<std::string> optional_text(std::string_view key) const;
  std::optional<std::uint64_t> optional_number(std::string_view key,
                                               std::uint64_t least,
                                               std::uint64_t most) const;

private:
  boost::json::object object_;
};

} // namespace sim
