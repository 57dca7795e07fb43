#pragma once

#include "net/resolver.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

namespace betanet::net {

/// The loopback addresses if `host` is `localhost` or a name below it, with or
/// without the dot of the root (RFC 6761, 6.3); else nothing. IPv6 comes first,
/// as in the answers of the system's resolver (RFC 6724, 10.3).
std::vector<boost::asio::ip::address> loopback_addresses(std::string host);

struct resolver::answer {
  std::vector<boost::asio::ip::address> addresses; ///< Empty on error.
  std::string error;  ///< The text of the system's resolver.
  bool local = false; ///< This machine lacks descriptors, threads or memory.
};

} // namespace betanet::net
