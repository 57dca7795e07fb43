#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace betanet {

/// The page for people, made of what `/health` says: complete without
/// JavaScript, kept up to date with it.
std::string status_page(const boost::json::object& health,
                        const std::string& telemetry_path);

} // namespace betanet
