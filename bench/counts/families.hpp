#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace betanet::counts {

/// The families of a page in the text format.
std::vector<prometheus::MetricFamily> families_of(const std::string& page);

} // namespace betanet::counts
