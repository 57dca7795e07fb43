// Bytes from an upstream, all the way to the page: the client's parser, JSON,
// the snapshot, the text format and a strict look at it. The first byte names
// the endpoint.
#include "metrics/parse.hpp"
#include "metrics/render.hpp"
#include "net/http_client.hpp"
#include "tests/exposition_check.hpp"
#include "tests/raw_socket.hpp"

#include <cstdlib>
#include <future>
#include <iostream>

using namespace betanet;

namespace {

/// One client and a server that answers with the bytes at hand.
struct rig {
  std::string bytes;
  testing::raw_server server{{[this](testing::raw_socket& s) {
    s.read_until("\r\n\r\n");
    s.send(bytes);
    s.finish_sending();
    s.read_all();
  }}};
  net::loop loop;
  net::outbound shared{loop};
  net::http_client client{shared,
                          {"127.0.0.1", server.port(), "/", "fuzz", 4096}};
  std::thread runner{[this] { loop.run(); }};

  net::outcome get() {
    std::promise<net::outcome> result;
    client.get(std::chrono::seconds{5},
               [&](net::outcome o) { result.set_value(std::move(o)); });
    return result.get_future().get();
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static auto& r = *new rig; // its threads live as long as the process
  if (size == 0)
    return 0;
  const auto e = metrics::all_endpoints[data[0] % metrics::endpoint_count];
  r.bytes.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto outcome = r.get();
  const auto* response = std::get_if<net::response>(&outcome);
  if (!response) {
    const auto& error = std::get<net::error>(outcome);
    if (error.code == net::errc::timeout || error.code == net::errc::local)
      std::abort(); // the peer had closed: nothing to wait for
    return 0;
  }
  auto read = metrics::parse(e, response->body);
  metrics::poll p;
  p.values = read.values;
  p.failure = read.failure;
  p.result = p.failure ? metrics::quality::partial : metrics::quality::good;
  auto s = std::make_shared<metrics::snapshot>(
      metrics::freshness_rules{},
      std::make_shared<const std::vector<double>>(std::vector{0.1}),
      metrics::time_point{});
  s->apply(e, p, {});
  s->endpoints[metrics::index(e)].last_failure = p.failure;
  metrics::exposition pages{metrics::detail::full, {}, {}};
  pages.update("", s);
  if (const auto d = testing::defect(pages.render({}, {}, {}).text)) {
    std::cerr << *d << '\n';
    std::abort();
  }
  return 0;
}
