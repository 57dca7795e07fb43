#pragma once

#include "net/resolver.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

namespace betanet::net {

struct resolver::answer {
  std::vector<boost::asio::ip::address> addresses; ///< Empty on error.
  std::string error;  ///< The text of the system's resolver.
  bool local = false; ///< This machine lacks descriptors, threads or memory.
};

} // namespace betanet::net
