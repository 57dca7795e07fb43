// betanet_sim: a simulated Betanet service for trying and testing the exporter.
// Faults can be set with flags and, while it runs, with requests.
//
//   GET  /api/v1/metrics, /api/v1/nodes/status, /api/v1/network/stats
//   GET  /sim/faults          shows the faults that are set
//   POST /sim/faults          sets a fault, for example
//                             {"endpoint": "metrics", "fault": "hang"} or
//                             {"endpoint": "metrics", "fault": "body",
//                              "body": "{\"packets_processed\": 7e0}"}
//   POST /sim/values          sets values, for example
//                             {"packets_processed": 100}; then they stay fixed
//   POST /sim/reset           sets the totals to 0, as after a restart
//
// The paths under /sim are also served at the control address, where the
// simulator listens even while the service refuses connections.
#include "sim/body_reader.hpp"
#include "sim/faults.hpp"
#include "sim/service.hpp"

#include <CLI/CLI.hpp>
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
#include <boost/json.hpp>

#include <iostream>
#include <map>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// The pause after an error of accept.
constexpr auto accept_pause = 100ms;

struct request {
  std::string method, path, body;
  bool close = false;
};

std::string response(int status, const std::string& body,
                     const std::string& fields = {},
                     const std::string& type = "application/json") {
  return "HTTP/1.1 " + std::to_string(status) +
         (status == 200 ? " OK" : " Simulated") + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

bool has_body(int status) {
  return status != 204 && status != 304; // RFC 9110, 6.4.1
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
  const auto port = sim::parse_number("the port of " + text,
                                      text.substr(colon + 1), 0, 65535);
  return {address, static_cast<std::uint16_t>(port)};
}

/// Whether a simulator listens at this address, whatever faults it simulates.
bool listens(const tcp::endpoint& control) {
  asio::io_context io;
  boost::system::error_code failure;
  tcp::socket{io}.connect(control, failure);
  return !failure;
}

class server {
public:
  server(asio::io_context& io, const sim::service& s, sim::faults f, bool close)
      : io_(io), service_(s), faults_(std::move(f)), close_(close) {}

  void listen(const tcp::endpoint& service, const tcp::endpoint& control) {
    address_ = service;
    open_service();
    open(control_, control);
    asio::co_spawn(io_, accept(control_), asio::detached);
  }

private:
  static void open(tcp::acceptor& on, const tcp::endpoint& address) try {
    on.open(address.protocol());
    on.set_option(tcp::acceptor::reuse_address{true});
    on.bind(address);
    on.listen();
  } catch (const boost::system::system_error& e) {
    std::ostringstream text;
    text << "cannot listen on " << address << ": " << e.code().message();
    throw std::runtime_error(text.str());
  }

  void open_service() {
    if (sim::nobody_listens(faults_)) {
      service_acceptor_.close();
    } else if (!service_acceptor_.is_open()) {
      open(service_acceptor_, address_);
      asio::co_spawn(io_, accept(service_acceptor_), asio::detached);
    }
  }

  /// Accepts until the acceptor is closed. Other errors pass: a client that has
  /// gone away, or a lack of descriptors, which would fail again at once.
  awaitable<void> accept(tcp::acceptor& from) {
    for (;;) {
      boost::system::error_code ec;
      auto socket =
          co_await from.async_accept(asio::redirect_error(use_awaitable, ec));
      if (ec == asio::error::operation_aborted || !from.is_open())
        co_return;
      if (ec)
        co_await pause(accept_pause);
      else
        asio::co_spawn(io_, session(std::move(socket)), asio::detached);
    }
  }

  awaitable<void> session(tcp::socket socket) {
    try {
      std::string buffer;
      for (bool open = true; open;) {
        const auto r = co_await read(socket, buffer);
        open = co_await serve(socket, r);
      }
    } catch (const std::exception&) {
      // The client has closed the connection or does not speak HTTP.
    }
  }

  static awaitable<request> read(tcp::socket& socket, std::string& buffer) {
    const auto size = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(buffer, 65536), "\r\n\r\n", use_awaitable);
    std::istringstream head{buffer.substr(0, size)};
    buffer.erase(0, size);
    request r;
    head >> r.method >> r.path;
    std::size_t length = 0;
    for (std::string line; std::getline(head, line);) {
      for (auto& c : line)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (line.starts_with("content-length:"))
        length = std::stoul(line.substr(15));
      if (line.starts_with("connection: close"))
        r.close = true;
    }
    if (length > 65536)
      throw std::runtime_error("body too large");
    if (buffer.size() < length)
      co_await asio::async_read(socket, asio::dynamic_buffer(buffer),
                                asio::transfer_exactly(length - buffer.size()),
                                use_awaitable);
    r.body = buffer.substr(0, length);
    buffer.erase(0, length);
    co_return r;
  }

  /// Answers a request. Returns true if the connection can be used further.
  awaitable<bool> serve(tcp::socket& socket, const request& r) {
    for (const auto& row : betanet::endpoint_table)
      if (r.path == row.default_path) {
        const bool open = co_await serve_endpoint(socket, row.id);
        co_return open && !r.close && !close_;
      }
    const auto text = control(r);
    co_await asio::async_write(socket, asio::buffer(text), use_awaitable);
    co_return !r.close;
  }

  std::string control(const request& r) {
    try {
      if (r.path == "/sim/faults" && r.method == "POST") {
        sim::apply(faults_, r.body);
        open_service();
      } else if (r.path == "/sim/values" && r.method == "POST") {
        service_.set(r.body);
      } else if (r.path == "/sim/reset" && r.method == "POST") {
        if (!r.body.empty())
          sim::body_reader{r.body}.refuse_unknown({});
        service_.reset_counters();
      } else if (r.path != "/sim/faults" || r.method != "GET") {
        return response(404, "{\"error\":\"not found\"}");
      }
    } catch (const std::exception& e) {
      boost::json::object o{{"error", e.what()}};
      return response(400, boost::json::serialize(o) + "\n");
    }
    return response(200, sim::describe(faults_) + "\n");
  }

  awaitable<void> pause(std::chrono::milliseconds d) {
    asio::steady_timer timer{io_, d};
    co_await timer.async_wait(use_awaitable);
  }

  awaitable<bool> serve_endpoint(tcp::socket& socket, betanet::endpoint e) {
    const auto since = clock::now() - started_;
    service_.advance_to(static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(since).count()));
    const auto f = faults_[index(e)];
    const auto body = service_.body(e, f.kind != sim::kind::wrong_types);
    auto text = response(200, body, close_ ? "Connection: close\r\n" : "");
    switch (f.kind) {
    case sim::kind::refuse:
      co_return false;
    case sim::kind::reset:
      socket.set_option(asio::socket_base::linger{true, 0});
      socket.close(); // the destructor would reset the linger option first
      co_return false;
    case sim::kind::hang:
      co_await socket.async_wait(tcp::socket::wait_read, use_awaitable);
      co_return false;
    case sim::kind::slow:
      co_await pause(f.delay);
      break;
    case sim::kind::drip:
      for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = asio::buffer(text.data() + i, 1);
        co_await asio::async_write(socket, byte, use_awaitable);
        co_await pause(f.delay);
      }
      co_return true;
    case sim::kind::status:
      text = response(
          f.status, has_body(f.status) ? "{\"error\":\"simulated\"}" : "",
          f.retry_after.empty() ? ""
                                : "Retry-After: " + f.retry_after + "\r\n");
      break;
    case sim::kind::garbage:
      text = "SSH-2.0-simulated\r\n\r\n";
      break;
    case sim::kind::no_json:
      text = response(200, "<html>maintenance</html>", {}, "text/html");
      break;
    case sim::kind::truncated:
      text.resize(text.size() - body.size() / 2);
      break;
    case sim::kind::oversized:
      text = response(200, std::string(f.size, ' '));
      break;
    case sim::kind::body:
      text = response(200, f.body);
      break;
    default:
      break;
    }
    co_await asio::async_write(socket, asio::buffer(text), use_awaitable);
    co_return f.kind != sim::kind::garbage&& f.kind != sim::kind::truncated;
  }

  asio::io_context& io_;
  sim::service service_;
  sim::faults faults_;
  bool close_;
  const clock::time_point started_ = clock::now();
  tcp::endpoint address_;
  tcp::acceptor service_acceptor_{io_};
  tcp::acceptor control_{io_};
};

/// What `--help` says besides the flags.
std::string more_help() {
  return "Faults, with the number N that they take:\n" + sim::describe_kinds() +
         R"(
Endpoints: metrics, nodes_status, network_stats, or all for the three of them.

Control API, at the address of --control and at that of the service:
  GET  /sim/faults    the faults that are set
  POST /sim/faults    sets a fault. Keys: endpoint, fault, and for its number
                      delay_ms, status with retry_after (seconds), size, or
                      body (the text that is sent):
                      {"endpoint": "metrics", "fault": "slow", "delay_ms": 500}
  POST /sim/values    sets values, which then stay fixed. Keys: the JSON fields
                      of the endpoints: {"packets_processed": 100}
  POST /sim/reset     sets the totals to 0, as after a restart
An unknown key is answered with 400.
)";
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A simulated Betanet service with scripted faults.",
               "betanet_sim"};
  std::string address = "127.0.0.1:9000";
  std::string control = "127.0.0.1:9001";
  std::uint64_t seed = 1;
  bool still = false;
  bool close = false;
  bool healthcheck = false;
  std::vector<std::string> flags;
  app.add_option("--listen", address, "Address on which the service listens")
      ->capture_default_str();
  app.add_option("--control", control,
                 "Address on which the paths under /sim are always served")
      ->capture_default_str();
  app.add_option("--seed", seed, "Seed of the random changes of the values")
      ->capture_default_str();
  app.add_flag("--still", still, "Do not change the values");
  app.add_flag("--close", close, "Close the connection after every response");
  app.add_option("--fault", flags,
                 "Fault to begin with, as endpoint=fault[:number]: for example "
                 "all=refuse, metrics=slow:500, nodes_status=status:503 or "
                 "metrics=body:{}; may be repeated");
  app.add_flag("--healthcheck", healthcheck,
               "Exit with 0 if a simulator listens at the control address");
  app.footer(more_help());
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return std::string{"betanet_sim: "} + e.what() + " (see --help)\n";
  });
  CLI11_PARSE(app, argc, argv);
  try {
    if (healthcheck)
      return listens(parse_address(control)) ? EXIT_SUCCESS : EXIT_FAILURE;
    sim::faults faults;
    for (const auto& f : flags)
      sim::apply_flag(faults, f);
    asio::io_context io{1};
    server s{io, sim::service{seed, still}, faults, close};
    s.listen(parse_address(address), parse_address(control));
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](auto, int) { io.stop(); });
    std::cerr << "betanet_sim: serving on " << address << ", control on "
              << control << '\n';
    io.run();
  } catch (const std::exception& e) {
    std::cerr << "betanet_sim: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
