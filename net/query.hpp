#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace betanet::net {

/// The first parameter of this name in the query of a URL, decoded as forms are
/// (application/x-www-form-urlencoded). Empty if there is none.
std::optional<std::string> query_value(std::string_view query,
                                       std::string_view name);

} // namespace betanet::net
