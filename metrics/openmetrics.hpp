#pragma once

#include <string>
#include <string_view>

namespace betanet::metrics {

/// A page of the text format 0.0.4 in that of OpenMetrics 1.0.0: counters named
/// without `_total` in their heads, units, canonical bucket bounds, `# EOF`.
std::string to_openmetrics(std::string_view page);

} // namespace betanet::metrics
