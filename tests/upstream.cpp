#define CAF_SUITE upstream

#include "actors/upstream.hpp"

#include "net/tls.hpp"
#include "tests/command.hpp"
#include "tests/raw_socket.hpp"
#include "tests/suite.hpp"

#include <future>

using namespace betanet;
using namespace betanet::testing;
using namespace std::chrono_literals;

namespace {

/// A server that keeps the heads of requests and answers them.
struct upstream_fixture {
  ~upstream_fixture() {
    loop.stop();
    runner.join();
  }

  net::outcome get(const transport& t) {
    std::promise<net::outcome> result;
    t({5s}, [&](net::outcome o) { result.set_value(std::move(o)); });
    return result.get_future().get();
  }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }

  config::target target(const std::string& more) const {
    return config::parse_yaml(
               "targets: [{url: \"" + url("/x") + "\"" + more + "}]", "f.yml")
        .targets.at(0);
  }

  std::string body = "{}";
  std::vector<std::string> heads;
  raw_server server{{[this](raw_socket& s) {
    for (;;) {
      const auto head = s.read_until("\r\n\r\n");
      if (head.empty())
        return;
      heads.push_back(head);
      s.send("HTTP/1.1 200 OK\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }}};
  net::loop loop;
  net::outbound shared{loop};
  std::thread runner{[this] { loop.run(); }};
};

std::string problems_with(const config::target& t) {
  net::tls_contexts contexts;
  try {
    return check_identity(t, contexts) ? "TLS" : "none";
  } catch (const config::invalid& e) {
    return e.what();
  }
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(upstream_tests, upstream_fixture)

CAF_TEST(a target is asked for its endpoint with its credentials) {
  const auto t = target(", endpoints: {metrics: /m}, http_client_config: "
                        "{authorization: {credentials: t}, http_headers: {X-A: "
                        "{values: [b]}}}");
  const auto transport =
      connect(shared, t, endpoint::metrics, "betanet_exporter/1");

  get(transport);

  CAF_REQUIRE_EQUAL(heads.size(), 1u);
  CAF_CHECK(heads[0].starts_with("GET /x/m HTTP/1.1\r\nHost: 127.0.0.1:"));
  for (const auto* field :
       {"\r\nUser-Agent: betanet_exporter/1\r\n",
        "\r\nAuthorization: Bearer t\r\n", "\r\nX-A: b\r\n"})
    CHECK_CONTAINS(heads[0], field);
}

CAF_TEST(a secret in a file is read before each request) {
  const temporary_file file{"first"};
  const auto t = target(", http_client_config: {authorization: "
                        "{credentials_file: " +
                        file.path + "}}");
  const auto transport = connect(shared, t, endpoint::metrics, "x");

  get(transport);
  std::ofstream{file.path} << "second";
  get(transport);

  CAF_REQUIRE_EQUAL(heads.size(), 2u);
  CHECK_CONTAINS(heads[0], "\r\nAuthorization: Bearer first\r\n");
  CHECK_CONTAINS(heads[1], "\r\nAuthorization: Bearer second\r\n");
}

CAF_TEST(the body of a target has its limit and that of a list a larger one) {
  body = std::string(2000, ' ') + "[]";
  const auto t = target(", collection: {max_body_bytes: 1024}");
  const auto list = config::parse_target_server(url("/l"));

  const auto refused = get(connect(shared, t, endpoint::metrics, "x"));
  const auto read = get(connect(shared, list, "x"));

  CAF_REQUIRE(std::holds_alternative<net::error>(refused));
  CHECK_EQUAL(std::get<net::error>(refused).code, net::errc::too_large);
  CAF_CHECK(std::holds_alternative<net::response>(read));
}

CAF_TEST(a server of targets is told how often it will be asked) {
  auto list = config::parse_target_server(url("/l?a=b"));
  list.refresh_interval = 90s;
  const temporary_file file{"secret"};
  auto with_file = list;
  with_file.http_client.authorization.emplace();
  with_file.http_client.authorization->credentials.file = file.path;

  get(connect(shared, list, "x"));
  get(connect(shared, with_file, "x"));

  CAF_REQUIRE_EQUAL(heads.size(), 2u);
  CAF_CHECK(heads[0].starts_with("GET /l?a=b HTTP/1.1\r\n"));
  for (const auto& head : heads)
    CHECK_CONTAINS(head, "\r\nX-Prometheus-Refresh-Interval-Seconds: 90\r\n");
  CHECK_CONTAINS(heads[1], "\r\nAuthorization: Bearer secret\r\n");
}

CAF_TEST(a client that cannot be used is told with its place) {
  CAF_CHECK_EQUAL(problems_with(target("")), "none");
  CHECK_CONTAINS(
      problems_with(target(", http_client_config: {http_headers: {A: {values: "
                           "[\"b\\nc\"]}}}")),
      ": target.http_client_config: the value for header A contains a line "
      "break or a control character");
  CHECK_CONTAINS(
      problems_with(target(", http_client_config: {authorization: "
                           "{credentials_file: /no/such}}")),
      "target.http_client_config.authorization.credentials_file: cannot read "
      "/no/such: No such file or directory, a readable file is expected");
}

CAF_TEST_FIXTURE_SCOPE_END()
