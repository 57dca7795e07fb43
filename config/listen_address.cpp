#include "config/key_kinds_impl.hpp"

#include <arpa/inet.h>

namespace betanet::config {

namespace {

bool is_address(int family, const std::string& text) {
  in6_addr parsed; // large enough for either family
  return ::inet_pton(family, text.c_str(), &parsed) == 1;
}

} // namespace

listen_address parse_listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  auto host = text.substr(0, std::min(colon, text.size()));
  const bool bracketed =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto digits = text.substr(std::min(colon, text.size() - 1) + 1);
  if (colon == std::string::npos || digits.empty() ||
      digits.find_first_not_of("0123456789") != digits.npos ||
      (host.find(':') != std::string::npos && !bracketed))
    throw std::invalid_argument(
        quote(text) + ": a listen address is HOST:PORT or :PORT, and an IPv6 "
                      "address is written in brackets");
  const int port = parse_int(digits, 0, 65535);
  const bool numeric =
      !host.empty() && host.find_first_not_of("0123456789.") == host.npos;
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    const auto zone = std::min(host.find('%'), host.size()); // fe80::1%eth0
    if (!is_address(AF_INET6, host.substr(0, zone)))
      throw std::invalid_argument(quote("[" + host + "]") +
                                  " is not an IPv6 address");
  } else if (numeric && !is_address(AF_INET, host)) {
    throw std::invalid_argument(quote(host) + " is not an IPv4 address");
  }
  return {host, static_cast<std::uint16_t>(port)};
}

std::string to_string(const listen_address& a) {
  const bool v6 = a.host.find(':') != std::string::npos;
  return (v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

} // namespace betanet::config
