#pragma once

#include "metrics/types.hpp"

#include <bitset>
#include <optional>
#include <string_view>

namespace betanet::metrics {

/// What a body said. With `failure` = schema the good fields are in `values`.
struct parsed {
  reading values{};
  std::bitset<field_count> unusable{};     ///< As in `poll`.
  std::optional<metrics::failure> failure; ///< json or schema.
};

/// Reads the fields of `e` from a JSON body. Nothing is coerced or invented; an
/// optional field that is missing or null is not a defect.
parsed parse(endpoint e, std::string_view body);

} // namespace betanet::metrics
