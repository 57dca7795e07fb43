#pragma once

#include "metrics/types.hpp"

#include <optional>
#include <string_view>

namespace betanet::metrics {

/// What a body said. With `failure` = schema the good fields are in `values`.
struct parsed {
  reading values{};
  std::optional<metrics::failure> failure; ///< json or schema.
};

/// Reads the fields of `e` from a JSON body. Strict: no coercion, no NaN, no
/// value invented for one that is missing.
parsed parse(endpoint e, std::string_view body);

} // namespace betanet::metrics
