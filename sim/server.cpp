#include "sim/server.hpp"

#include "sim/body_reader.hpp"
#include "sim/http.hpp"
#include "sim/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <iostream>
#include <sstream>

namespace sim {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

/// The pause after an error of accept.
constexpr auto accept_pause = 100ms;
/// The largest head of a request.
constexpr std::size_t largest_head = 64u << 10;

void open(tcp::acceptor& on, const tcp::endpoint& address) try {
  on.open(address.protocol());
  on.set_option(tcp::acceptor::reuse_address{true});
  on.bind(address);
  on.listen();
} catch (const boost::system::system_error& e) {
  std::ostringstream text;
  text << "cannot listen on " << address << ": " << e.code().message();
  throw std::runtime_error(text.str());
}

awaitable<request> read(tcp::socket& s, std::string& buffer) {
  const auto size = co_await asio::async_read_until(
      s, asio::dynamic_buffer(buffer, largest_head), "\r\n\r\n", use_awaitable);
  auto r = parse_head(buffer.substr(0, size));
  buffer.erase(0, size);
  if (buffer.size() < r.length)
    co_await asio::async_read(s, asio::dynamic_buffer(buffer),
                              asio::transfer_exactly(r.length - buffer.size()),
                              use_awaitable);
  r.body = buffer.substr(0, r.length);
  buffer.erase(0, r.length);
  co_return r;
}

/// Sends a text byte by byte, with a pause after each.
awaitable<void> drip(tcp::socket& s, const std::string& text,
                     std::chrono::milliseconds between) {
  asio::steady_timer timer{s.get_executor()};
  for (const char& c : text) {
    co_await asio::async_write(s, asio::buffer(&c, 1), use_awaitable);
    timer.expires_after(between);
    co_await timer.async_wait(use_awaitable);
  }
}

tcp::endpoint parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  if (host.starts_with('['))
    host = host.substr(1, host.size() - 2);
  if (host == "localhost")
    host = "127.0.0.1";
  boost::system::error_code ec;
  const auto address = host.empty()
                           ? asio::ip::address{asio::ip::address_v6::any()}
                           : asio::ip::make_address(host, ec);
  if (colon == text.npos || ec)
    throw std::invalid_argument("\"" + text +
                                "\" is not an address such as 127.0.0.1:9000");
  const auto port =
      parse_number("the port of " + text, text.substr(colon + 1), 0, 65535);
  return {address, static_cast<std::uint16_t>(port)};
}

/// Serves the simulated service at one address and the control API at both.
class server {
public:
  server(asio::io_context& io, const service& s, faults f, bool close)
      : io_(io), service_(s), faults_(std::move(f)), close_(close) {}

  void listen(const tcp::endpoint& service, const tcp::endpoint& control);

private:
  void open_service();
  awaitable<void> accept(tcp::acceptor& from);
  awaitable<void> serve_connection(tcp::socket s);
  /// Answers a request. Returns true if the connection can be used further.
  awaitable<bool> serve(tcp::socket& s, const request& r);
  awaitable<bool> serve_endpoint(tcp::socket& s, betanet::endpoint e);
  std::string control(const request& r);
  awaitable<void> pause(std::chrono::milliseconds d);

  asio::io_context& io_;
  service service_;
  faults faults_;
  bool close_;
  const std::chrono::steady_clock::time_point started_ =
      std::chrono::steady_clock::now();
  tcp::endpoint address_;
  tcp::acceptor service_acceptor_{io_};
  tcp::acceptor control_{io_};
};

void server::listen(const tcp::endpoint& service,
                    const tcp::endpoint& control) {
  address_ = service;
  open_service();
  open(control_, control);
  asio::co_spawn(io_, accept(control_), asio::detached);
}

void server::open_service() {
  if (nobody_listens(faults_)) {
    service_acceptor_.close();
  } else if (!service_acceptor_.is_open()) {
    open(service_acceptor_, address_);
    asio::co_spawn(io_, accept(service_acceptor_), asio::detached);
  }
}

/// Accepts until the acceptor is closed. Other errors pass: a client that
/// has gone away, or a lack of descriptors, which would fail again at once.
awaitable<void> server::accept(tcp::acceptor& from) {
  for (;;) {
    boost::system::error_code ec;
    auto s =
        co_await from.async_accept(asio::redirect_error(use_awaitable, ec));
    if (ec == asio::error::operation_aborted || !from.is_open())
      co_return;
    if (ec)
      co_await pause(accept_pause);
    else
      asio::co_spawn(io_, serve_connection(std::move(s)), asio::detached);
  }
}

awaitable<void> server::serve_connection(tcp::socket s) {
  try {
    std::string buffer;
    for (bool open = true; open;) {
      const auto r = co_await read(s, buffer);
      open = co_await serve(s, r);
    }
  } catch (const std::exception&) {
    // The client has closed the connection or does not speak HTTP.
  }
}

awaitable<bool> server::serve(tcp::socket& s, const request& r) {
  for (const auto& row : betanet::endpoint_table)
    if (r.path == row.default_path) {
      const bool open = co_await serve_endpoint(s, row.id);
      co_return open && !r.close && !close_;
    }
  const auto text = control(r);
  co_await asio::async_write(s, asio::buffer(text), use_awaitable);
  co_return !r.close;
}

awaitable<bool> server::serve_endpoint(tcp::socket& s, betanet::endpoint e) {
  const auto since = std::chrono::steady_clock::now() - started_;
  service_.advance_to(static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(since).count()));
  const auto f = faults_[index(e)];
  const auto text =
      response_with(f, service_.body(e, f.kind != kind::wrong_types), close_);
  switch (f.kind) {
  case kind::refuse:
    co_return false;
  case kind::reset:
    s.set_option(asio::socket_base::linger{true, 0});
    s.close(); // the destructor would reset the linger option first
    co_return false;
  case kind::hang:
    co_await s.async_wait(tcp::socket::wait_read, use_awaitable);
    co_return false;
  case kind::drip:
    co_await drip(s, text, f.delay);
    co_return true;
  case kind::slow:
    co_await pause(f.delay);
    break;
  default:
    break;
  }
  co_await asio::async_write(s, asio::buffer(text), use_awaitable);
  co_return f.kind != kind::garbage&& f.kind != kind::truncated;
}

/// Answers a request to the control API.
std::string server::control(const request& r) {
  try {
    if (r.path == "/sim/faults" && r.method == "POST") {
      sim::apply(faults_, r.body);
      open_service();
    } else if (r.path == "/sim/values" && r.method == "POST") {
      service_.set(r.body);
    } else if (r.path == "/sim/reset" && r.method == "POST") {
      if (!r.body.empty())
        body_reader{r.body}.refuse_unknown({});
      service_.reset_counters();
    } else if (r.path != "/sim/faults" || r.method != "GET") {
      return response(404, "{\"error\":\"not found\"}");
    }
  } catch (const std::exception& e) {
    boost::json::object o{{"error", e.what()}};
    return response(400, boost::json::serialize(o) + "\n");
  }
  return response(200, describe(faults_) + "\n");
}

awaitable<void> server::pause(std::chrono::milliseconds d) {
  asio::steady_timer timer{io_, d};
  co_await timer.async_wait(use_awaitable);
}

} // namespace

void serve(const settings& s) {
  asio::io_context io{1};
  server all{io, service{s.seed, s.still}, s.faults, s.close};
  all.listen(parse_address(s.address), parse_address(s.control));
  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) { io.stop(); });
  std::cerr << "betanet_sim: serving on " << s.address << ", control on "
            << s.control << '\n';
  io.run();
}

bool listens(const std::string& control) {
  asio::io_context io;
  boost::system::error_code failure;
  tcp::socket{io}.connect(parse_address(control), failure);
  return !failure;
}

} // namespace sim
