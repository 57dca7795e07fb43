#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace betanet::metrics {

/// Which numbers are valid, besides that none is negative.
struct number_rules {
  bool whole = true;       ///< A number with a fraction is invalid.
  int largest_power = 300; ///< The largest valid number is 10 to this power.
};

/// Why a number is invalid.
enum class number_defect : std::uint8_t {
  negative, ///< It is below 0. A zero with a minus sign is a zero.
  too_large,
  fraction,
};

/// Reads a number from its JSON text, which must be well-formed (RFC 8259, 6).
/// The rules are applied to the exact value, whatever its spelling. The result
/// is the double nearest to that value, so whole numbers up to 2^53 are exact.
std::variant<double, number_defect> read_number(std::string_view text,
                                                const number_rules& rules);

} // namespace betanet::metrics
