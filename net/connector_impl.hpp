#pragma once

#include "net/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace betanet::net {

/// Opens connections to a host by name, its addresses tried side by side as
/// RFC 8305 has it: one that is dead does not keep a living one from being
/// found. For net/ only; loop's thread.
class connector : public std::enable_shared_from_this<connector> {
public:
  using result = std::variant<boost::asio::ip::tcp::socket, error>;

  connector(boost::asio::io_context& io, resolver& names)
      : io_(io), names_(names) {}

  /// Calls `done` once, unless stopped before. At least one address.
  void start(const std::string& host, std::uint16_t port,
             std::function<void(result)> done);
  void start(const std::vector<boost::asio::ip::address>& addresses,
             std::uint16_t port, std::function<void(result)> done);
  void stop();

  const char* phase() const { return phase_; } ///< What it waits for.

private:
  template <class F>
  auto bound(F f);

  void race(const std::vector<boost::asio::ip::address>& addresses);
  void connect_next();
  void connected(const std::shared_ptr<boost::asio::ip::tcp::socket>& racer,
                 boost::system::error_code ec);
  void finish(result r);

  boost::asio::io_context& io_;
  resolver& names_;
  std::function<void(result)> done_;
  const char* phase_ = "";
  std::uint64_t epoch_ = 0; ///< Grows when handlers become void.
  std::vector<boost::asio::ip::tcp::endpoint> peers_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  std::size_t pending_ = 0;
  std::vector<std::shared_ptr<boost::asio::ip::tcp::socket>> racers_;
  boost::asio::steady_timer stagger_{io_};
  std::optional<error> failure_; ///< Of the first address.
};

} // namespace betanet::net
