#pragma once

#include "net/http_client.hpp"
#include "net/trace_recorder_impl.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace betanet::net {

/// Opens connections to a host by name. Addresses are tried side by side (RFC
/// 8305): one that does not answer cannot hide one that does. Lives on the
/// loop's thread, in a shared pointer.
class connector : public std::enable_shared_from_this<connector> {
public:
  using result = std::variant<boost::asio::ip::tcp::socket, error>;

  /// `asker` identifies the client, see `resolver::resolve`.
  connector(boost::asio::io_context& io, outbound& shared, const void* asker)
      : io_(io), names_(shared.names), asker_(asker), races_(shared.races) {}

  /// To be called once. Calls `done` once, unless stopped before. `recorder`
  /// must live until then.
  void start(const std::string& host, std::uint16_t port,
             trace_recorder& recorder, std::function<void(result)> done);
  /// With addresses that are known already, at least one.
  void start(const std::vector<boost::asio::ip::address>& addresses,
             std::uint16_t port, trace_recorder& recorder,
             std::function<void(result)> done);
  void stop(); ///< Closes what is connecting.

private:
  template <class F>
  auto until_stopped(F f);

  void race(const std::vector<boost::asio::ip::address>& addresses);
  void connect_next();
  void race_next();
  void race_later();
  void name_peer(const boost::asio::ip::tcp::endpoint& peer);
  void connected(const std::shared_ptr<boost::asio::ip::tcp::socket>& socket,
                 const boost::asio::ip::tcp::endpoint& peer,
                 boost::system::error_code ec);
  void finish(result r);

  boost::asio::io_context& io_;
  resolver& names_;
  const void* const asker_;
  const std::shared_ptr<std::size_t> races_; ///< See `outbound::races`.
  std::size_t own_races_ = 0;                ///< Counted there.
  std::function<void(result)> done_;
  trace_recorder* recorder_ = nullptr; ///< Of the start.
  bool stopped_ = false;               ///< Has finished, or was stopped.
  std::vector<boost::asio::ip::tcp::endpoint> peers_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;    ///< Index of the next peer to try.
  std::size_t pending_ = 0; ///< The number of peers that are being tried.
  std::vector<std::shared_ptr<boost::asio::ip::tcp::socket>> sockets_;
  boost::asio::steady_timer stagger_{io_};
  std::optional<error> failure_; ///< The most informative error so far.
};

} // namespace betanet::net
