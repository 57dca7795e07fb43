#include "bench/counts/bodies.hpp"
#include "bench/counts/workloads.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"

#include <cstdlib>
#include <string>
#include <variant>

namespace betanet::counts {

namespace {

using namespace std::chrono_literals;

/// Asks `left` times, each time after the former answer, and stops the loop.
void ask(net::http_client& client, net::loop& loop, int left) {
  if (left == 0)
    return loop.stop();
  client.get(5s, [&client, &loop, left](const net::outcome& o) {
    if (!std::holds_alternative<net::response>(o))
      std::abort();
    // The client is free for another request when this function has returned.
    loop.post([&client, &loop, left] { ask(client, loop, left - 1); });
  });
}

} // namespace

void fetch(int n) {
  net::loop loop;
  const auto answer = std::make_shared<const net::reply>(
      200, "application/json", std::string{body_of(endpoint::network_stats)});
  net::server_limits limits;
  limits.requests_per_connection = 1 << 30;
  net::http_server server{
      loop, limits,
      [&](const std::shared_ptr<net::exchange>& e) { e->respond(answer); }};
  const auto address = server.listen("127.0.0.1", 0);
  const auto port = std::stoi(address.substr(address.rfind(':') + 1));
  net::outbound shared{loop};
  net::http_client client{shared,
                          {.host = "127.0.0.1",
                           .port = static_cast<std::uint16_t>(port),
                           .path = "/api/v1/network/stats",
                           .user_agent = "counts",
                           .max_body_bytes = 1 << 20}};
  ask(client, loop, n);
  loop.run();
}

} // namespace betanet::counts
