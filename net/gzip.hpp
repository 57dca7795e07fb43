#pragma once

#include <string>
#include <string_view>

namespace betanet::net {

/// The text in the gzip format (RFC 1952). Throws `std::runtime_error` if zlib
/// has no memory.
std::string gzip(std::string_view text);

} // namespace betanet::net
