#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace betanet::pages {

/// Formats a number as a plain decimal with one to six digits behind the point
/// and without an exponent.
std::string decimal(double number);

/// Serializes a JSON value. Unlike Boost.JSON, which writes 4.7 as `4.7E0`, it
/// writes numbers with `decimal`.
std::string json_text(const boost::json::value& v);

} // namespace betanet::pages
