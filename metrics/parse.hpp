#pragma once

#include "metrics/types.hpp"

#include <array>
#include <bitset>
#include <optional>
#include <string_view>

namespace betanet::metrics {

/// The result of parsing a body. If the reason of `failure` is `schema`,
/// `values` holds the fields that were valid.
struct parsed {
  reading values{};
  std::bitset<field_count> unusable{};          ///< See `poll::unusable`.
  std::array<std::string, field_count> defects; ///< See `poll::defects`.
  std::optional<metrics::failure> failure; ///< The reason is json or schema.
};

/// Reads the fields of the endpoint `e` from a JSON body. Values of another
/// JSON type are not converted. An optional field may be missing or null.
parsed parse(endpoint e, std::string_view body);

/// The poll whose last attempt was answered with what was parsed.
poll poll_of(parsed p);

} // namespace betanet::metrics
