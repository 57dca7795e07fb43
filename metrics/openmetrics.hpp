#pragma once

#include <string>
#include <string_view>

namespace betanet::metrics {

/// Converts a page from the Prometheus text format 0.0.4 to OpenMetrics 1.0.0:
/// HELP and TYPE lines name counters without `_total`, families with a unit get
/// a UNIT line, bucket bounds get a decimal point, and the page ends with
/// `# EOF`.
std::string to_openmetrics(std::string_view page);

} // namespace betanet::metrics
