// Bytes from a client to the HTTP server: whatever comes, each answer is one.
#include "net/basic_auth.hpp"
#include "net/http_server.hpp"
#include "net/negotiate.hpp"
#include "tests/raw_socket.hpp"

#include <cstdlib>

using namespace betanet;

namespace {

struct rig {
  net::loop loop;
  std::shared_ptr<const net::message> answer =
      std::make_shared<const net::message>(200, "text/plain", "");
  net::http_server server{loop, {}, [this](auto e) {
                            const auto& r = e->what();
                            net::parse_basic_auth(r.authorization);
                            net::preferred_format(r.accept);
                            net::accepts_gzip(r.accept_encoding);
                            net::query_value(r.query, "target");
                            e->respond(answer);
                          }};
  std::string address = server.listen("127.0.0.1:0");
  std::thread runner{[this] { loop.run(); }};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static auto& r = *new rig; // its thread lives as long as the process
  auto s = testing::raw_socket::connect(static_cast<std::uint16_t>(
      std::stoi(r.address.substr(r.address.rfind(':') + 1))));
  s.send({reinterpret_cast<const char*>(data), size});
  s.finish_sending();
  const auto answers = s.read_all();
  if (!answers.empty() && !answers.starts_with("HTTP/1.1 "))
    std::abort();
  s.reset(); // leaves no TIME_WAIT behind
  return 0;
}
