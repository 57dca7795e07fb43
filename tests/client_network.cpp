#define CAF_SUITE client_network

#include "net/client_network.hpp"

#include "tests/suite.hpp"

using betanet::net::client_network;

CAF_TEST(an IPv4 address is a client) {
  CAF_CHECK_EQUAL(client_network("192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(client_network("::ffff:192.0.2.7"), "192.0.2.7");
}

CAF_TEST(a network of 64 bits of IPv6 is a client) {
  CAF_CHECK_EQUAL(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  CAF_CHECK_EQUAL(client_network("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  CAF_CHECK_EQUAL(client_network("2001:db8:1:3::1"), "2001:db8:1:3::/64");
  CAF_CHECK_EQUAL(client_network("::1"), "::/64");
  CAF_CHECK_EQUAL(client_network("fe80::1%1"), "fe80::/64");
}

CAF_TEST(other text is returned as it is) {
  CAF_CHECK_EQUAL(client_network(""), "");
  CAF_CHECK_EQUAL(client_network("somebody"), "somebody");
}
