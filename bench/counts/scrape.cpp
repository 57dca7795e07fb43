#include "actors/http_front.hpp"
#include "actors/on_io.hpp"
#include "bench/counts/deterministic.hpp"
#include "bench/counts/workloads.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"

#include <caf/send.hpp>

#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace betanet::counts {

namespace {

constexpr std::size_t page_size = 20'000; // the default page has 24 kB

page_source_actor::behavior_type ready_page() {
  return {
      [](atom::render, const page_query&) -> page_ptr {
        return std::make_shared<const metrics::page>(
            metrics::page{std::string(page_size, '#'), {}, false});
      },
      [](atom::list) -> census_ptr { return nullptr; },
  };
}

/// A client that makes all its requests over one connection.
class client {
public:
  explicit client(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      std::abort();
  }
  ~client() { ::close(socket_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// The first answer tells how long all of them are.
  void scrape() {
    static const std::string request =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
        "User-Agent: Prometheus/2.42.0\r\nAccept: text/plain\r\n\r\n";
    if (::send(socket_, request.data(), request.size(), 0) < 0)
      std::abort();
    if (answer_.empty()) {
      std::string head;
      while (!head.ends_with("\r\n\r\n"))
        receive(head.insert(head.end(), ' '), 1);
      if (!head.starts_with("HTTP/1.1 200"))
        std::abort();
      answer_.resize(page_size);
      receive(answer_.begin(), page_size);
      answer_.resize(head.size() + page_size);
    } else {
      receive(answer_.begin(), answer_.size());
    }
  }

private:
  void receive(std::string::iterator to, std::size_t size) const {
    const auto got = ::recv(socket_, &*to, size, MSG_WAITALL);
    if (got != static_cast<ssize_t>(size))
      std::abort();
  }

  int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::string answer_;
};

net::server_limits without_limit_of_requests() {
  net::server_limits l;
  l.requests_per_connection = 1 << 30;
  return l;
}

} // namespace

void scrape(int n) {
  net::loop loop;
  deterministic_system actors;
  const auto pages = actors.system.spawn(ready_page);
  const http_front_actor front =
      spawn_on(&loop, actors.system, http_front, front_settings{}, pages,
               presenter_actor{}, reloader_actor{});
  net::http_server server{
      loop, without_limit_of_requests(), [&](exchange_ptr e) {
        caf::anon_send(front, atom::serve_v, std::move(e), permission::full);
        loop.post([&] { actors.run(); }); // whom the front has asked
      }};
  const auto address = server.listen("127.0.0.1", 0);
  const auto port = std::stoi(address.substr(address.rfind(':') + 1));
  std::thread io{[&] { loop.run(); }};
  {
    client c{static_cast<std::uint16_t>(port)};
    for (int i = 0; i < n; ++i)
      c.scrape();
  }
  // The process ends here: the front needs a running loop to quit.
  std::quick_exit(EXIT_SUCCESS);
}

} // namespace betanet::counts
