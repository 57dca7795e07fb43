#pragma once

#include "pages/routes.hpp"

#include <boost/json/object.hpp>

namespace betanet::pages {

/// /health names this many targets at most; above, one has to be asked for.
inline constexpr std::size_t max_listed_targets = 100;

/// A target's next tick is overdue: the collection loop stands still.
bool any_overdue(const view& v);

/// The body of /health as the status page uses it, too.
boost::json::object health_object(const view& v);

} // namespace betanet::pages
