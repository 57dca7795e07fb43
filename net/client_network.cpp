#include "net/client_network.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace betanet::net {

namespace ip = boost::asio::ip;

std::string client_network(const std::string& address) {
  boost::system::error_code ec;
  const auto parsed = ip::make_address(address, ec);
  if (ec || parsed.is_v4())
    return address;
  const auto v6 = parsed.to_v6();
  if (v6.is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return ip::make_address_v6(bytes).to_string() + "/64";
}

} // namespace betanet::net
