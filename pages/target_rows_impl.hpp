#pragma once

#include "pages/overview_impl.hpp"

#include <string>

/// Targets as the status page shows them.
namespace betanet::pages {

/// The time of day and on the steady clock, for times and ages.
struct moment {
  metrics::time_point now;
  metrics::wall_time wall_now;
};

/// A table with the endpoints of each of the targets.
std::string endpoint_table_of(std::span<const listed_target> targets,
                              const moment& at);

/// A table with one line for each of the targets: its values and their courses.
std::string value_table_of(std::span<const listed_target> targets,
                           const moment& at);

/// All about one target.
std::string detail_of(const listed_target& t, const moment& at);

} // namespace betanet::pages
