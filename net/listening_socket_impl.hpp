#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace betanet::net {

/// Binds a TCP port and listens on it. `host` is a name or an address, IPv6
/// without brackets; empty or `::` is both families, or IPv4 where the machine
/// has no IPv6. Throws `std::runtime_error` that names host and port.
boost::asio::ip::tcp::acceptor open_listener(boost::asio::io_context& io,
                                             const std::string& host,
                                             std::uint16_t port);

/// Takes over a listening TCP socket. Throws `std::runtime_error` if the
/// descriptor is something else.
boost::asio::ip::tcp::acceptor adopt_listener(boost::asio::io_context& io,
                                              int descriptor);

/// The address as text, such as `127.0.0.1:9200` or `[::]:9200`.
std::string address_text(const std::string& host, std::uint16_t port);

} // namespace betanet::net
