#pragma once

#include <string>

namespace betanet::net {

/// What limits a client: its IPv4 address, or the /64 network of its IPv6
/// address, because a client has a whole /64 at its disposal (RFC 6177, 2).
/// `address` is the text of an address; an IPv4 address mapped to IPv6 is the
/// IPv4 address. Text that is no address is returned as it is.
std::string client_network(const std::string& address);

} // namespace betanet::net
