#define CAF_SUITE http_server

#include "net/http_server.hpp"

#include "tests/raw_socket.hpp"
#include "tests/suite.hpp"

#include <atomic>
#include <future>
#include <linux/sockios.h>
#include <mutex>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/un.h>

using namespace betanet;
using namespace betanet::testing;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct server_fixture {
  void start(net::server_limits limits = {}, std::string body = "hello\n") {
    answer = std::make_shared<const net::reply>(200, "text/plain", body);
    server = std::make_unique<net::http_server>(
        loop, limits, [this](std::shared_ptr<net::exchange> e) {
          std::unique_lock lock{mutex};
          requests.push_back(e->request());
          if (e->request().path == "/hold")
            return held.push_back(std::move(e));
          lock.unlock(); // a pipelined request may arrive inside `respond`
          if (e->request().path == "/scrape")
            return e->respond_to_scrape(answer);
          e->respond(answer);
        });
    const auto address = server->listen("127.0.0.1", 0);
    port = static_cast<std::uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)));
    runner = std::thread{[this] { loop.run(); }};
  }

  ~server_fixture() {
    loop.stop();
    if (runner.joinable())
      runner.join();
    held.clear();
    server.reset();
  }

  raw_socket connect() { return raw_socket::connect(port); }

  /// The status of the answer to a request, and whether the connection is
  /// closed after it.
  std::pair<std::string, bool> status(const std::string& bytes) {
    auto s = connect();
    s.send(bytes);
    const auto head = s.read_response();
    return {head.substr(9, 3),
            head.find("Connection: close\r\n") != std::string::npos &&
                s.closed()};
  }

  void refused(const std::string& bytes, const std::string& code) {
    const auto [got, closed] = status(bytes);
    if (got != code || !closed)
      CAF_MESSAGE(bytes.substr(0, 200) << " -> " << got);
    CAF_CHECK_EQUAL(got, code);
    CAF_CHECK(closed);
  }

  /// Waits until this many requests are held back.
  void wait_until_held(std::size_t n) {
    for (;;) {
      std::this_thread::yield();
      const std::lock_guard lock{mutex};
      if (held.size() == n)
        return;
    }
  }

  net::server_stats stats() {
    auto s = connect();
    s.send("GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
    s.read_response();
    const std::lock_guard lock{mutex};
    return requests.back().stats;
  }

  /// The bytes of responses that the kernel has taken and not delivered yet.
  std::size_t bytes_to_send() const {
    std::size_t sum = 0;
    for (int fd = 0; fd < 1024; ++fd) {
      sockaddr_in local{};
      socklen_t size = sizeof local;
      int bytes = 0;
      if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) == 0 &&
          local.sin_port == htons(port) &&
          ::ioctl(fd, SIOCOUTQ, &bytes) == 0) // tcp(7)
        sum += static_cast<std::size_t>(bytes);
    }
    return sum;
  }

  /// Waits until the loop has taken this and all former steps.
  void wait_for_loop() {
    std::promise<void> round;
    loop.post([&] { round.set_value(); });
    round.get_future().get();
  }

  /// Waits until the kernel takes no more of the responses to clients that do
  /// not read. Each round lets the server take a step.
  void wait_until_stuck() {
    std::size_t before = 0;
    do {
      before = bytes_to_send();
      for (int i = 0; i < 3; ++i)
        wait_for_loop();
    } while (bytes_to_send() != before);
  }

  net::loop loop;
  std::mutex mutex;
  std::vector<net::request> requests;
  std::vector<std::shared_ptr<net::exchange>> held;
  std::shared_ptr<const net::reply> answer;
  std::unique_ptr<net::http_server> server;
  std::thread runner;
  std::uint16_t port = 0;
};

const std::string simple = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Whether the server closes the connection within two seconds, while these
/// bytes are sent every 10 ms.
bool is_closed_despite(raw_socket& s, const std::string& bytes) {
  for (int i = 0; i < 200; ++i) {
    pollfd nothing{};
    ::poll(&nothing, 0, 10);
    if (!s.send(bytes))
      return true;
  }
  return false;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_tests, server_fixture)

CAF_TEST(a request is answered and the connection kept) {
  start();
  auto s = connect();

  for (int i = 0; i < 3; ++i) {
    s.send(simple);
    const auto r = s.read_response();
    CAF_CHECK(r.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CAF_CHECK(r.ends_with("\r\nContent-Type: text/plain\r\nContent-Length: 6"
                          "\r\nX-Content-Type-Options: nosniff"
                          "\r\nX-Frame-Options: DENY\r\n\r\nhello\n"));
  }
}

CAF_TEST(HEAD has the same length and no body) {
  start();
  auto s = connect();

  s.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_CONTAINS(s.read_response(false), "Content-Length: 6\r\n");

  s.send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK_CONTAINS(s.read_response(false), "Content-Length: 6\r\n");
  CAF_CHECK(s.closed());
}

CAF_TEST(pipelined requests are answered in order) {
  start();
  auto s = connect();
  std::string many;
  for (int i = 0; i < 500; ++i)
    many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";

  s.send(many);

  for (int i = 0; i < 500; ++i)
    CAF_REQUIRE(s.read_response().ends_with("hello\n"));
  for (int i = 0; i < 500; ++i)
    CAF_REQUIRE_EQUAL(requests[i].path, "/" + std::to_string(i));
}

CAF_TEST(a request in pieces is one request) {
  start();
  auto s = connect();

  for (const char c : simple)
    s.send({c});

  CAF_CHECK(s.read_response().ends_with("hello\n"));
}

CAF_TEST(the client decides whether the connection is kept) {
  start();

  for (const auto* last : {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close"
                           "\r\n\r\n",
                           "GET / HTTP/1.0\r\n\r\n"}) {
    const auto [code, closed] = status(last);
    CAF_CHECK_EQUAL(code, "200");
    CAF_CHECK(closed);
  }

  auto s = connect();
  s.send(simple);
  s.finish_sending();
  CAF_CHECK(s.read_all().ends_with("hello\n"));
}

CAF_TEST(the limits on a header block are applied) {
  net::server_limits l;
  l.header_bytes = 100;
  l.headers = 3;
  start(l);
  const auto with = [](const std::string& lines) {
    return "GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n";
  };

  CAF_CHECK_EQUAL(status(with("a: b\r\na: b\r\n")).first, "200");
  refused(with("a: b\r\na: b\r\na: b\r\n"), "431");
  refused(with("a: " + std::string(70, 'x') + "\r\n"), "431");
}

CAF_TEST(a refused request ends the connection) {
  start();
  const auto evil = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n"s;
  for (const auto& [lines, code] :
       {std::pair{"Content-Length: 5", "413"},
        {"Transfer-Encoding: chunked", "400"},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked", "400"},
        {"Expect: 100-continue", "417"},
        {"Host: y", "400"},
        {"A: b\r\n c", "400"}})
    refused("GET / HTTP/1.1\r\nHost: x\r\n"s + lines + "\r\n\r\n" + evil, code);
  refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n" + evil, "505");

  CAF_CHECK(requests.empty());
}

CAF_TEST(a client that closes its sending side gets the whole answer) {
  start({}, std::string(8 << 20, 'x'));
  auto s = connect();

  s.send(simple);
  s.finish_sending();

  CAF_CHECK_GREATER(s.read_response().size(), std::size_t{8} << 20);
  CAF_CHECK(s.closed());
}

CAF_TEST(default header fields are added and never duplicated) {
  start();
  answer = std::make_shared<const net::reply>(200, "text/plain", "hello\n",
                                              "X-B: own\r\nX-C: own\r\n");
  server->secure({nullptr, {{"X-A", "1"}, {"X-B", "2"}}});
  auto s = connect();

  for (int i = 0; i < 2; ++i) {
    s.send(simple);
    const auto r = s.read_response();
    CHECK_CONTAINS(r, "\r\nX-A: 1\r\n");
    CHECK_CONTAINS(r, "\r\nX-B: 2\r\n");
    CHECK_NOT_CONTAINS(r, "X-B: own");
    CHECK_CONTAINS(r, "\r\nX-C: own\r\n");
    CAF_CHECK(r.ends_with("\r\n\r\nhello\n"));
  }

  s.send("bad\r\n\r\n");
  CHECK_CONTAINS(s.read_response(), "\r\nX-A: 1\r\n");
}

CAF_TEST(an error answer reaches a client that is still sending) {
  start();
  auto s = connect();

  s.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
  s.send(std::string(60000, 'x'));

  CAF_CHECK(s.read_response().starts_with("HTTP/1.1 413 "));
}

CAF_TEST(a refused client may send on after the end of the answer) {
  start();
  auto s = connect();
  s.send("bad\r\n\r\n");
  CAF_CHECK(s.read_all().starts_with("HTTP/1.1 400 "));

  CAF_CHECK(s.send("x"));
  wait_for_loop(); // a closed socket would answer with a reset
  CAF_CHECK(s.send("x"));
}

CAF_TEST(connections without a request are closed after the timeout) {
  net::server_limits l;
  l.header_timeout = 50ms;
  start(l);

  CAF_CHECK(connect().closed());

  auto s = connect();
  s.send("GET / HTTP/1.1\r\n");
  CAF_CHECK(s.closed());
}

CAF_TEST(the timeout of later requests starts with their first byte) {
  net::server_limits l;
  l.header_timeout = 50ms;
  l.idle_timeout = 1h;
  start(l);
  auto s = connect();
  s.send(simple);
  s.read_response();

  s.send("G");

  CAF_CHECK(s.closed());
}

CAF_TEST(a request that came with the former one has its timeout too) {
  net::server_limits l;
  l.header_timeout = 50ms;
  l.idle_timeout = 1h;
  start(l);
  auto s = connect();

  s.send(simple + "G"s);
  s.read_response();

  CAF_CHECK(s.closed());
}

CAF_TEST(idle connections are closed after the timeout) {
  net::server_limits l;
  l.idle_timeout = 50ms;
  start(l);
  auto s = connect();
  s.send(simple);
  s.read_response();

  CAF_CHECK(s.closed());
}

CAF_TEST(a scraper that does not read is counted and then closed) {
  net::server_limits l;
  l.write_timeout = 500ms;
  l.requests_per_connection = 1'000'000;
  start(l, std::string(32 << 20, 'x'));
  auto s = raw_socket::connect(port, 4096);
  s.send("GET /scrape HTTP/1.1\r\nHost: x\r\n\r\n");
  auto other = connect();
  const auto slow = [&] {
    other.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    other.read_response(false);
    const std::lock_guard lock{mutex};
    return requests.back().stats.slow_scrapes;
  };

  while (slow() != 1)
    ;
  while (slow() != 0)
    ;

  CAF_CHECK_LESS(s.read_all().size(), std::size_t{32} << 20);
}

CAF_TEST(slow scrapes are counted for each client) {
  start({}, std::string(32 << 20, 'x'));
  auto s = raw_socket::connect(port, 4096, 1, 2);
  s.send("GET /scrape HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto asked_by = [this](std::uint32_t client) {
    auto other = raw_socket::connect(port, 0, 1, client);
    other.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    other.read_response(false);
    const std::lock_guard lock{mutex};
    return requests.back();
  };

  while (asked_by(3).stats.slow_scrapes != 1)
    ;

  CAF_CHECK_EQUAL(asked_by(2).own_slow_scrapes, 1u);
  CAF_CHECK_EQUAL(asked_by(3).own_slow_scrapes, 0u);
}

CAF_TEST(empty lines are ignored and do not extend the timeout) {
  net::server_limits l;
  l.idle_timeout = 100ms;
  start(l);
  auto s = connect();
  s.send(simple);
  s.read_response();

  s.send("\r\n\r\n" + simple);
  CAF_CHECK(s.read_response().ends_with("hello\n"));

  CAF_CHECK(is_closed_despite(s, "\r\n"));
}

CAF_TEST(bytes of a request do not extend its timeout) {
  net::server_limits l;
  l.header_timeout = 100ms;
  l.idle_timeout = 1h;
  start(l);
  auto s = connect();
  s.send(simple);
  s.read_response();

  CAF_CHECK(is_closed_despite(s, "x"));
}

CAF_TEST(a refused HEAD has no body) {
  start();
  auto s = connect();

  s.send("HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");

  CAF_CHECK(s.read_until("\r\n\r\n").starts_with("HTTP/1.1 413 "));
  CAF_CHECK(s.closed());
}

CAF_TEST(a connection is closed after its last permitted request) {
  net::server_limits l;
  l.requests_per_connection = 3;
  start(l);
  auto s = connect();

  s.send(simple + simple + simple + simple);

  for (int i = 0; i < 3; ++i) {
    const auto r = s.read_response();
    CAF_CHECK_EQUAL(r.find("Connection: close") != std::string::npos, i == 2);
  }
  CAF_CHECK(s.closed());
}

CAF_TEST(at the connection limit the longest idle connection is closed) {
  net::server_limits l;
  l.connections = 3;
  start(l);
  auto first = connect();
  first.send(simple);
  first.read_response();
  auto second = connect();
  second.send(simple);
  second.read_response();
  auto third = connect();
  third.send(simple);
  third.read_response();
  first.send(simple); // now the second connection is idle for longest
  first.read_response();

  auto fourth = connect();
  fourth.send(simple);

  CAF_CHECK(fourth.read_response().ends_with("hello\n"));
  CAF_CHECK(second.closed());
  third.send(simple);
  CAF_CHECK(third.read_response().ends_with("hello\n"));
  CAF_CHECK_EQUAL(requests.back().stats.rejected_limit, 1u);
  CAF_CHECK_EQUAL(requests.back().stats.connections, 3u);
  CAF_CHECK_EQUAL(requests.back().stats.requests, requests.size());
}

CAF_TEST(at the limit the connection without progress for longest is closed) {
  net::server_limits l;
  l.connections = 2;
  start(l, std::string(32 << 20, 'x'));
  auto written = raw_socket::connect(port, 4096); // reads nothing
  written.send(simple);
  CAF_CHECK_EQUAL(written.read_exactly(8), "HTTP/1.1");
  wait_until_stuck();
  auto waits = connect();
  waits.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1);

  auto third = connect(); // replaces the one that is written
  third.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(2);
  auto fourth = connect(); // replaces the one that waits for longest
  fourth.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");

  CAF_CHECK(fourth.read_response(false).starts_with("HTTP/1.1 200"));
  CAF_CHECK(waits.closed());
  CAF_CHECK_LESS(written.read_all().size(), std::size_t{32} << 20);
}

CAF_TEST(a client that reads its response makes progress) {
  net::server_limits l;
  l.connections = 2;
  start(l, std::string(32 << 20, 'x'));
  auto reads = raw_socket::connect(port, 65536);
  reads.send(simple);
  CAF_CHECK_EQUAL(reads.read_exactly(8), "HTTP/1.1");
  auto waits = connect();
  waits.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1);

  // More than all buffers between the two hold: some of it was written since.
  reads.read_exactly(16 << 20);
  auto third = connect(); // replaces the one that waits
  third.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");

  CAF_CHECK(third.read_response(false).starts_with("HTTP/1.1 200"));
  CAF_CHECK(waits.closed());
  CAF_CHECK_GREATER(reads.read_exactly(32 << 20).size(), std::size_t{15} << 20);
}

CAF_TEST(a client at its own limit loses a connection of its own) {
  net::server_limits l;
  l.connections_per_client = 2;
  start(l);
  auto scraper = raw_socket::connect(port, 0, 1, 2);
  scraper.send(simple);
  scraper.read_response();

  std::vector<raw_socket> crowd;
  for (int i = 0; i < 5; ++i) {
    crowd.push_back(raw_socket::connect(port, 0, 1, 3));
    crowd.back().send(simple);
    crowd.back().read_response();
  }

  for (int i = 0; i < 3; ++i)
    CAF_CHECK(crowd[i].closed());
  scraper.send(simple);
  CAF_CHECK(scraper.read_response().ends_with("hello\n"));
  CAF_CHECK_EQUAL(requests.back().stats.connections, 3u);
  CAF_CHECK_EQUAL(requests.back().stats.rejected_limit, 3u);
}

CAF_TEST(at the limit of all the client with most connections loses one) {
  net::server_limits l;
  l.connections = 4;
  start(l);
  auto scraper = raw_socket::connect(port, 0, 1, 2);
  scraper.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1); // its connection makes no progress for longest

  std::vector<raw_socket> crowd;
  for (int i = 0; i < 6; ++i) {
    crowd.push_back(raw_socket::connect(port, 0, 1, 3));
    crowd.back().send(simple);
    crowd.back().read_response();
  }

  for (int i = 0; i < 3; ++i)
    CAF_CHECK(crowd[i].closed());
  held[0]->respond(answer);
  CAF_CHECK(scraper.read_response().ends_with("hello\n"));
}

CAF_TEST(clients take turns however many requests one has sent) {
  start();
  auto crowd = raw_socket::connect(port, 0, 1, 3);
  std::string many = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";
  for (int i = 0; i < 900; ++i)
    many += simple;
  crowd.send(many);
  wait_until_held(1); // the others have been sent, but not begun
  auto scraper = raw_socket::connect(port, 0, 1, 2);
  scraper.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
               "GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(2);
  // The loop now has the answers to both, that of the crowd first.
  loop.post([this] {
    held[0]->respond(answer);
    held[1]->respond(answer);
  });

  scraper.read_response();
  scraper.read_response();

  const std::lock_guard lock{mutex};
  const auto last =
      std::find_if(requests.begin(), requests.end(),
                   [](const auto& r) { return r.path == "/last"; });
  CAF_CHECK(last != requests.end());
  CAF_CHECK_LESS(last - requests.begin(), 10);
}

CAF_TEST(a client gets a large response in parts between those of others) {
  constexpr std::size_t size = 32 << 20, readers = 20;
  start({}, std::string(size, 'x'));
  const auto ask = [this](std::uint32_t from) {
    auto s = raw_socket::connect(port, 0, 1, from);
    s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    return s;
  };
  std::vector<raw_socket> crowd;
  for (std::size_t i = 0; i < readers; ++i)
    crowd.push_back(ask(3));
  auto scraper = ask(2);
  wait_until_held(readers + 1);

  std::promise<std::size_t> before_turns;
  loop.post([&] {
    for (const auto& e : held)
      e->respond(answer);
    before_turns.set_value(bytes_to_send());
  });

  CAF_CHECK_LESS(before_turns.get_future().get(), readers * size / 64);
  CAF_CHECK_GREATER(scraper.read_response().size(), size);
}

CAF_TEST(a client that sends urgent data is closed) {
  start();
  auto s = connect();
  s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1);

  ::send(s.native(), "!", 1, MSG_OOB);

  CAF_CHECK(s.closed());
}

CAF_TEST(other paths than scrapes are not counted as slow) {
  start({}, std::string(32 << 20, 'x'));
  auto s = raw_socket::connect(port, 4096);
  s.send(simple);
  CAF_CHECK_EQUAL(s.read_exactly(8), "HTTP/1.1"); // it is being written

  auto other = connect();
  other.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  other.read_response(false);
  other.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  other.read_response(false);

  CAF_CHECK_EQUAL(requests.back().stats.slow_scrapes, 0u);
}

CAF_TEST(the pages kept for slow clients are limited) {
  net::server_limits l;
  l.page_bytes = 100 << 20;
  start(l, std::string(32 << 20, 'x'));
  std::vector<raw_socket> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(raw_socket::connect(port, 4096));
    slow.back().send(simple);
    CAF_CHECK_EQUAL(slow.back().read_exactly(8), "HTTP/1.1");
    const std::lock_guard lock{mutex}; // each gets another page
    answer = std::make_shared<const net::reply>(200, "text/plain",
                                                std::string(32 << 20, 'y'));
  }

  CAF_CHECK_LESS(slow[0].read_all().size(), std::size_t{32} << 20);
  for (int i = 1; i < 4; ++i)
    CAF_CHECK_GREATER(slow[i].read_response().size(), std::size_t{32} << 20);
}

CAF_TEST(a page that several clients read slowly is kept once) {
  net::server_limits l;
  l.page_bytes = 40 << 20;
  start(l, std::string(32 << 20, 'x'));

  for (const char other : {'y', 'z'}) {
    std::vector<raw_socket> slow;
    for (int i = 0; i < 2; ++i) {
      slow.push_back(raw_socket::connect(port, 65536));
      slow.back().send(simple);
      CAF_CHECK_EQUAL(slow.back().read_exactly(8), "HTTP/1.1");
    }
    for (auto& s : slow)
      CAF_CHECK_GREATER(s.read_response().size(), std::size_t{32} << 20);
    const std::lock_guard lock{mutex}; // the page before takes no place now
    answer = std::make_shared<const net::reply>(200, "text/plain",
                                                std::string(32 << 20, other));
  }
}

CAF_TEST(a page is not kept when it is written) {
  start();
  auto s = connect();

  s.send(simple);
  s.read_response();
  wait_for_loop();

  CAF_CHECK_EQUAL(answer.use_count(), 1);
}

CAF_TEST(the client that keeps most pages loses one) {
  net::server_limits l;
  l.page_bytes = 100 << 20;
  start(l, std::string(32 << 20, 'x'));
  auto scraper = raw_socket::connect(port, 4096, 1, 2); // the slowest of all
  scraper.send(simple);
  CAF_CHECK_EQUAL(scraper.read_exactly(8), "HTTP/1.1");
  std::vector<raw_socket> crowd;
  for (int i = 0; i < 3; ++i) {
    {
      const std::lock_guard lock{mutex}; // each gets another page
      answer = std::make_shared<const net::reply>(200, "text/plain",
                                                  std::string(32 << 20, 'y'));
    }
    crowd.push_back(raw_socket::connect(port, 4096, 1, 3));
    crowd.back().send(simple);
    CAF_CHECK_EQUAL(crowd.back().read_exactly(8), "HTTP/1.1");
  }

  CAF_CHECK_LESS(crowd[0].read_all().size(), std::size_t{32} << 20);
  CAF_CHECK_GREATER(scraper.read_response().size(), std::size_t{32} << 20);
}

CAF_TEST(one client may read a page above the limit of kept pages) {
  net::server_limits l;
  l.page_bytes = 1 << 20;
  start(l, std::string(32 << 20, 'x'));
  auto s = raw_socket::connect(port, 4096);

  s.send(simple);

  CAF_CHECK_GREATER(s.read_response().size(), std::size_t{32} << 20);
}

CAF_TEST(a reset is noticed while a request waits for its answer) {
  start();
  auto s = connect();
  s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1);
  CAF_CHECK(held[0]->is_open());

  s.reset();

  while (stats().connections != 1)
    ;
  CAF_CHECK(!held[0]->is_open());
}

CAF_TEST(a client that only ends its sending keeps its request) {
  start();
  auto s = connect();
  s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");

  s.finish_sending();
  wait_until_held(1);
  stats(); // the server has had the time to look at the first connection

  CAF_CHECK(held[0]->is_open());
  held[0]->respond(answer);
  CAF_CHECK(s.read_all().ends_with("hello\n"));
}

CAF_TEST(requests without an answer are closed after the timeout) {
  net::server_limits l;
  l.write_timeout = 50ms;
  start(l);
  auto s = connect();

  s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");

  CAF_CHECK(s.closed());
  held[0]->respond(answer); // is ignored: the connection is closed
}

CAF_TEST(a request may wait for its answer until the timeout) {
  net::server_limits l;
  l.header_timeout = 50ms;
  l.write_timeout = 1h;
  start(l);
  auto s = connect();
  s.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until_held(1);

  CAF_CHECK(connect().closed()); // after it the first one is longer overdue
  held[0]->respond(answer);

  CAF_CHECK(s.read_response().ends_with("hello\n"));
}

CAF_TEST(protocol errors are counted) {
  start();

  refused("GET / HTTP/1.1\r\n\r\n", "400");
  refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "413");

  const auto errors = stats().errors;
  CAF_CHECK_EQUAL(errors[0], 1u);
  CAF_CHECK_EQUAL(errors[1], 1u);
  CAF_CHECK_EQUAL(errors[2], 0u);
}

CAF_TEST(a limit of connections set by descriptors is told once) {
  start();
  std::atomic<int> told = 0;
  std::promise<void> set;
  loop.post([&] {
    server->on_lack_of_descriptors([&] { ++told; });
    server->limit_connections(2, true);
    set.set_value();
  });
  set.get_future().get();
  std::vector<raw_socket> open;

  for (int i = 0; i < 4; ++i) {
    open.push_back(connect());
    open.back().send(simple);
    open.back().read_response();
  }

  const auto s = stats();
  CAF_CHECK_EQUAL(s.connections, 2u);
  CAF_CHECK_EQUAL(s.rejected_limit, 0u);
  CAF_CHECK_EQUAL(s.rejected_descriptors, 3u);
  CAF_CHECK_EQUAL(told.load(), 1);
}

CAF_TEST(a lowered limit of connections closes those above it) {
  start();
  std::vector<raw_socket> open;
  for (int i = 0; i < 4; ++i) {
    open.push_back(connect());
    open.back().send(simple);
    open.back().read_response();
  }

  server->limit_connections(2, true);

  CAF_CHECK(open[0].closed());
  CAF_CHECK(open[1].closed());
  open[3].send(simple);
  CAF_CHECK(open[3].read_response().ends_with("hello\n"));
}

CAF_TEST(at the descriptor limit the server pauses and recovers) {
  start();
  auto s = connect();
  s.send(simple);
  s.read_response();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  auto waiting = connect(); // is accepted or queued by the kernel
  waiting.send(simple);
  waiting.read_response();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const rlimit none{static_cast<rlim_t>(fd) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const auto peer = raw_socket::loopback(port);
  CAF_REQUIRE_EQUAL(
      ::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 0);
  raw_socket queued{fd};

  for (bool refused = false; !refused;) { // until the refusal is counted
    s.send(simple);
    s.read_response();
    const std::lock_guard lock{mutex};
    refused = requests.back().stats.rejected_descriptors > 0;
  }

  setrlimit(RLIMIT_NOFILE, &before);
  queued.send(simple);
  CAF_CHECK(queued.read_response().ends_with("hello\n"));
}

CAF_TEST(a stop answers running requests and closes other connections) {
  start();
  auto idle = connect();
  idle.send(simple);
  idle.read_response();
  auto busy = connect();
  busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  for (bool arrived = false; !arrived;) {
    const std::lock_guard lock{mutex};
    arrived = !held.empty();
  }
  std::promise<void> stopped;

  server->stop([&] { stopped.set_value(); });
  CAF_CHECK(idle.closed());

  held[0]->respond(answer);
  CHECK_CONTAINS(busy.read_response(), "Connection: close\r\n");
  busy.close();
  stopped.get_future().get();

  bool refused = false;
  try {
    connect();
  } catch (const std::runtime_error&) {
    refused = true;
  }
  CAF_CHECK(refused);
}

CAF_TEST(a stop without connections ends at once) {
  start();
  std::promise<void> stopped;

  server->stop([&] { stopped.set_value(); });

  CAF_CHECK(stopped.get_future().wait_for(10s) == std::future_status::ready);
}

/// The message of the exception that `listen` throws.
std::string listen_error(net::loop& loop, const std::string& host,
                         std::uint16_t port) {
  net::http_server second{loop, {}, [](auto) {}};
  try {
    return "bound " + second.listen(host, port);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

CAF_TEST(the message about an address in use names it) {
  start();
  const auto p = std::to_string(port);

  CAF_CHECK_EQUAL(listen_error(loop, "127.0.0.1", port),
                  "cannot listen on 127.0.0.1:" + p +
                      ": Address already in use");
  CAF_CHECK_EQUAL(listen_error(loop, "", port),
                  "cannot listen on :" + p + ": Address already in use");
  CAF_CHECK_EQUAL(listen_error(loop, "2001:db8::1", port),
                  "cannot listen on [2001:db8::1]:" + p +
                      ": Cannot assign requested address");
}

CAF_TEST(a listening socket can be taken over) {
  start();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto local = raw_socket::loopback(0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local);
  ::listen(fd, 1);

  const auto address = server->adopt(fd);

  CAF_CHECK_EQUAL(address.substr(0, 10), "127.0.0.1:");
  auto s = raw_socket::connect(static_cast<std::uint16_t>(
      std::stoi(address.substr(address.rfind(':') + 1))));
  s.send(simple);
  CAF_CHECK(s.read_response().ends_with("hello\n"));
}

CAF_TEST(a listening socket of IPv6 can be taken over) {
  start();
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 local{};
  local.sin6_family = AF_INET6;
  local.sin6_addr = in6addr_loopback;
  ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local);
  ::listen(fd, 1);

  CAF_CHECK_EQUAL(server->adopt(fd).substr(0, 6), "[::1]:");
}

CAF_TEST(only a listening socket of TCP can be taken over) {
  net::http_server none{loop, {}, [](auto) {}};
  const auto refusal = [&](int fd) -> std::string {
    try {
      return none.adopt(fd);
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  };
  const raw_socket idle{::socket(AF_INET, SOCK_STREAM, 0)},
      local{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un anywhere{};
  anywhere.sun_family = AF_UNIX; // a name that the kernel chooses (unix(7))
  ::bind(local.native(), reinterpret_cast<const sockaddr*>(&anywhere),
         sizeof anywhere.sun_family);
  ::listen(local.native(), 1);

  for (const int fd : {idle.native(), local.native(), 0, -1})
    CAF_CHECK_EQUAL(refusal(fd), "descriptor " + std::to_string(fd) +
                                     " is not a listening TCP socket");
}

CAF_TEST(localhost is bound without a resolver) {
  net::http_server local{loop, {}, [](auto) {}};

  CAF_CHECK_EQUAL(local.listen("localhost", 0).substr(0, 10), "127.0.0.1:");
  CAF_CHECK_EQUAL(local.listen("x.localhost.", 0).substr(0, 10), "127.0.0.1:");
}

CAF_TEST(an empty host and two colons mean both address families) {
  for (const auto* host : {"", "::"}) {
    net::http_server both{loop, {}, [](auto) {}};

    const auto address = both.listen(host, 0);

    CAF_CHECK_EQUAL(address.substr(0, 5), "[::]:");
    raw_socket::connect(static_cast<std::uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)))); // or throws
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
