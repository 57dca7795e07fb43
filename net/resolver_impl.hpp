#pragma once

#include "net/resolver.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

namespace betanet::net {

struct resolver::answer {
  std::vector<boost::asio::ip::address> addresses; ///< Empty on error.
  std::string error;  ///< What the system's resolver said.
  bool local = false; ///< It could not even ask: no descriptors, no threads.
};

} // namespace betanet::net
