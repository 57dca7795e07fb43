#include "net/listening_socket_impl.hpp"
#include "net/resolver_impl.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <stdexcept>
#include <sys/socket.h>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint look_up(asio::io_context& io, const std::string& host,
                      std::uint16_t port, error_code& ec) {
  // Of the loopback addresses the one that every machine has, as in Go.
  if (const auto loopback = loopback_addresses(host); !loopback.empty())
    return {loopback.back(), port};
  tcp::resolver names{io};
  const auto found = names.resolve(host, std::to_string(port), ec);
  return ec ? tcp::endpoint{} : found.begin()->endpoint();
}

/// Binds and listens. `both` families: IPv6 sockets take IPv4 clients too.
void listen(tcp::acceptor& a, const tcp::endpoint& local, bool both,
            error_code& ec) {
  a.set_option(tcp::acceptor::reuse_address{true}, ec);
  if (!ec && local.protocol() == tcp::v6())
    a.set_option(asio::ip::v6_only{!both}, ec);
  if (!ec)
    a.bind(local, ec);
  if (!ec)
    a.listen(asio::socket_base::max_listen_connections, ec);
}

} // namespace

tcp::acceptor open_listener(asio::io_context& io, const std::string& host,
                            std::uint16_t port) {
  const bool both = host.empty() || host == "::"; // as in Go
  error_code ec;
  auto local =
      both ? tcp::endpoint{tcp::v6(), port} : look_up(io, host, port, ec);
  tcp::acceptor a{io};
  if (!ec)
    a.open(local.protocol(), ec);
  if (both && ec) { // a machine without IPv6
    local = {tcp::v4(), port};
    a.open(local.protocol(), ec);
  }
  if (!ec)
    listen(a, local, both, ec);
  if (ec)
    throw std::runtime_error("cannot listen on " + address_text(host, port) +
                             ": " + ec.message());
  return a;
}

tcp::acceptor adopt_listener(asio::io_context& io, int descriptor) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  int listening = 0;
  socklen_t flag = sizeof listening;
  const bool usable =
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) ==
          0 &&
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag) ==
          0 &&
      listening != 0 &&
      (local.ss_family == AF_INET || local.ss_family == AF_INET6);
  if (!usable)
    throw std::runtime_error("descriptor " + std::to_string(descriptor) +
                             " is not a listening TCP socket");
  return {io, local.ss_family == AF_INET ? tcp::v4() : tcp::v6(), descriptor};
}

std::string address_text(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != host.npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

} // namespace betanet::net
