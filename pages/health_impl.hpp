#pragma once

#include "pages/routes.hpp"

#include <boost/json/object.hpp>

namespace betanet::pages {

/// `/health` lists up to this many targets. With more, it shows only the target
/// that `?target=NAME` asks for.
inline constexpr std::size_t max_listed_targets = 100;

/// Whether the next tick of any target is overdue, which means that the
/// scheduler has stopped working.
bool any_overdue(const view& v);

/// The contents of `/health`, which the status page shows too.
boost::json::object health_object(const view& v);

} // namespace betanet::pages
