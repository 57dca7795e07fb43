#define CAF_SUITE http_client

#include "net/http_client.hpp"

#include "net/client_connection_impl.hpp"
#include "net/connector_impl.hpp"
#include "net/errors_impl.hpp"
#include "net/loop_impl.hpp"
#include "net/resolver_impl.hpp"
#include "tests/raw_socket.hpp"
#include "tests/suite.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include <filesystem>
#include <future>
#include <optional>
#include <sys/resource.h>

using namespace betanet;
using namespace betanet::testing;
using namespace std::chrono_literals;
using net::errc;

namespace {

const std::string body = "{\"a\":1}";

std::string reply(const std::string& text, const std::string& fields = {},
                  const std::string& status = "HTTP/1.1 200 OK") {
  return status + "\r\nContent-Length: " + std::to_string(text.size()) +
         "\r\n" + fields + "\r\n" + text;
}

/// An outcome as text: `200 {"a":1}` or `eof: connection closed ...`.
std::string text_of(const net::outcome& o) {
  if (const auto* e = std::get_if<net::error>(&o))
    return to_string(e->code) + ": " + e->text;
  const auto& r = std::get<net::response>(o);
  return std::to_string(r.status) + " " + r.body;
}

errc code_of(const net::outcome& o) {
  if (const auto* e = std::get_if<net::error>(&o))
    return e->code;
  CAF_FAIL("a response: " << text_of(o));
}

const std::string ok = "200 " + body;

void read_request(raw_socket& s) {
  s.read_until("\r\n\r\n");
}

/// A script that reads a request, sends these bytes and waits until the client
/// closes the connection.
raw_server::script say(const std::string& bytes) {
  return [bytes](raw_socket& s) {
    read_request(s);
    s.send(bytes);
    s.read_all();
  };
}

/// A script that reads a request, sends these bytes and closes the connection.
raw_server::script say_and_close(const std::string& bytes) {
  return [bytes](raw_socket& s) {
    read_request(s);
    s.send(bytes);
  };
}

struct client_fixture {
  client_fixture() {
    runner = std::thread{[this] { loop.run(); }};
  }

  ~client_fixture() {
    client.reset(); // cancels a running request before the loop stops
    loop.stop();
    runner.join();
  }

  void use(std::uint16_t port, const std::string& host = "127.0.0.1") {
    client = std::make_unique<net::http_client>(
        shared,
        net::resource{host, port, "/x", "betanet_exporter/test", 65536});
  }

  net::outcome get(net::time_limits limits = 5s) {
    std::promise<net::outcome> result;
    client->get(limits,
                [&](net::outcome o) { result.set_value(std::move(o)); });
    return result.get_future().get();
  }

  /// Gets a response from a server with this script and returns the error code.
  errc failure(raw_server::script script,
               std::chrono::nanoseconds timeout = 5s) {
    raw_server server{{std::move(script)}};
    use(server.port());
    const auto o = get(timeout);
    client.reset();
    if (const auto* e = std::get_if<net::error>(&o)) {
      text = e->text;
      return e->code;
    }
    CAF_FAIL("a response: " << std::get<net::response>(o).status);
  }

  /// Gets a response from a server with this script and returns it.
  net::response response(raw_server::script script) {
    raw_server server{{std::move(script)}};
    use(server.port());
    const auto o = get();
    client.reset();
    if (const auto* e = std::get_if<net::error>(&o))
      CAF_FAIL(e->text);
    return std::get<net::response>(o);
  }

  void lack_descriptors(const char* host) {
    raw_server server{{say(reply(body))}};
    use(server.port(), host);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const int lowest = ::dup(0); // all lower descriptors are in use
    ::close(lowest);
    const rlimit none{static_cast<rlim_t>(lowest), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);

    const auto o = get();
    setrlimit(RLIMIT_NOFILE, &before);

    CAF_CHECK_EQUAL(code_of(o), errc::local);
    CAF_CHECK_EQUAL(text_of(get()), ok);
    client.reset();
  }

  net::loop loop;
  net::outbound shared{loop};
  std::thread runner;
  std::unique_ptr<net::http_client> client;
  std::string text;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_tests, client_fixture)

CAF_TEST(a response is read) {
  std::string request;
  raw_server server{{[&](raw_socket& s) {
    request = s.read_until("\r\n\r\n");
    s.send(reply(body));
  }}};
  use(server.port());

  const auto r = std::get<net::response>(get());

  CAF_CHECK_EQUAL(r.status, 200);
  CAF_CHECK_EQUAL(r.body, body);
  CAF_CHECK_EQUAL(request, "GET /x HTTP/1.1\r\nHost: 127.0.0.1:" +
                               std::to_string(server.port()) +
                               "\r\nUser-Agent: betanet_exporter/test\r\n"
                               "Accept: application/json\r\n"
                               "Accept-Encoding: identity\r\n\r\n");
}

CAF_TEST(responses of all sizes are read whole) {
  // The client reads 512 bytes and then up to 16 KiB at a time.
  for (const std::size_t size : {511, 512, 513, 1023, 1024, 1025, 512 + 16384,
                                 512 + 16384 + 511, 512 + 16384 + 512}) {
    std::string text(size, 'x');
    for (int i = 0; i < 2; ++i) // the head has more digits for a longer body
      text.resize(size - (reply(text).size() - text.size()), 'x');
    const auto whole = reply(text);
    CAF_REQUIRE_EQUAL(whole.size(), size);
    raw_server server{{[&](raw_socket& s) {
      for (int i = 0; i < 2; ++i) {
        read_request(s);
        s.send(whole);
      }
      s.read_all();
    }}};
    use(server.port());

    CAF_CHECK(text_of(get()) == "200 " + text);
    CAF_CHECK(text_of(get()) == "200 " + text);
    client.reset();
  }
}

CAF_TEST(a connection is kept for the next request) {
  raw_server server{{[](raw_socket& s) {
    for (int i = 0; i < 3; ++i) {
      read_request(s);
      s.send(reply(body));
    }
    s.read_all();
  }}};
  use(server.port());

  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(text_of(get()), ok);
  CAF_CHECK_EQUAL(server.connections(), 1);
  client.reset();
}

CAF_TEST(a connection older than its limit is replaced) {
  raw_server server{{say(reply(body))}};
  net::resource what{"127.0.0.1", server.port(), "/x", "test", 65536};
  what.max_connection_age = 0ns;
  client = std::make_unique<net::http_client>(shared, what);

  for (int i = 1; i <= 3; ++i) {
    CAF_CHECK_EQUAL(text_of(get()), ok);
    CAF_CHECK_EQUAL(server.connections(), i);
  }
  client.reset();
}

CAF_TEST(a server that closes after every response works) {
  for (const auto* fields : {"", "Connection: close\r\n"}) {
    raw_server server{{say_and_close(reply(body, fields))}};
    use(server.port());

    for (int i = 0; i < 5; ++i)
      CAF_CHECK_EQUAL(text_of(get()), ok);
    CAF_CHECK_EQUAL(server.connections(), 5);
    client.reset();
  }
}

CAF_TEST(a kept connection closed without an answer is replaced once) {
  raw_server server{{[](raw_socket& s) {
                       read_request(s);
                       s.send(reply(body));
                       read_request(s); // does not answer the second request
                     },
                     [](raw_socket& s) {
                       read_request(s);
                       s.send(reply("{}"));
                       read_request(s);
                       s.reset();
                     },
                     [](raw_socket& s) { read_request(s); }}};
  use(server.port());

  CAF_CHECK_EQUAL(text_of(get()), ok);
  CAF_CHECK_EQUAL(text_of(get()), "200 {}"); // sent again
  const auto o = get(); // reset, sent again, and closed on a new connection
  CAF_CHECK_EQUAL(code_of(o), errc::eof);
  CAF_CHECK_EQUAL(server.connections(), 3);
}

CAF_TEST(a request has more time on a fresh connection) {
  const auto slow_answer = [](raw_socket& s) {
    read_request(s);
    pollfd nothing{};
    ::poll(&nothing, 0, 200); // waits for 200 ms
    s.send(reply(body));
  };
  raw_server server{{[&](raw_socket& s) {
                       slow_answer(s);
                       read_request(s); // and closes
                     },
                     [&](raw_socket& s) {
                       slow_answer(s);
                       slow_answer(s);
                     }}};
  use(server.port());
  const net::time_limits limits{50ms, 5s};

  CAF_CHECK_EQUAL(text_of(get(limits)), ok);
  CAF_CHECK_EQUAL(text_of(get(limits)), ok); // sent again, on a fresh one
  CAF_CHECK_EQUAL(text_of(get(limits)), "timeout: timed out after 0.05s while "
                                        "waiting for the response");
}

CAF_TEST(bytes or a close on an idle connection close it silently) {
  for (const auto& bytes :
       {std::string{}, std::string{"HTTP/1.1 408 Request Timeout\r\n\r\n"},
        reply("{\"evil\":1}"), std::string{"x"}, std::string(100000, 'x')}) {
    std::promise<void> first_read, sent;
    raw_server server{{[&](raw_socket& s) {
                         read_request(s);
                         s.send(reply(body));
                         first_read.get_future().get();
                         if (bytes.empty())
                           s.finish_sending();
                         else
                           s.send(bytes.substr(0, 1));
                         sent.set_value();
                         s.send(bytes.empty() ? bytes : bytes.substr(1));
                         s.read_all();
                       },
                       say(reply("{}"))}};
    use(server.port());
    get();

    first_read.set_value();
    sent.get_future().get();
    const auto o = get();

    CAF_CHECK_EQUAL(text_of(o), "200 {}");
    CAF_CHECK_EQUAL(server.connections(), 2);
    client.reset();
  }
}

CAF_TEST(a connection that was closed while idle is closed on this side) {
  std::promise<void> first_read, ended;
  raw_server server{{[&](raw_socket& s) {
    read_request(s);
    s.send(reply(body));
    first_read.get_future().get();
    s.send("x");
    s.read_all(); // returns when the client closes the connection
    ended.set_value();
  }}};
  use(server.port());
  get();

  first_read.set_value();

  const auto status = ended.get_future().wait_for(5s);
  CHECK_EQUAL(status, std::future_status::ready);
  client.reset();
}

CAF_TEST(bytes before the first request are a protocol error) {
  std::promise<void> sent;
  const auto was_sent = sent.get_future().share();
  raw_server server{{[&](raw_socket& s) {
    s.send(reply("{\"evil\":1}"));
    sent.set_value();
    s.read_all();
  }}};
  use(server.port());
  std::promise<net::connector::result> connected;
  net::trace_recorder recorder;
  const auto c =
      std::make_shared<net::connector>(loop.internals().io, shared, this);
  loop.post([&] {
    c->start(
        "127.0.0.1", server.port(), recorder,
        [&](net::connector::result r) { connected.set_value(std::move(r)); });
  });
  auto socket =
      std::get<boost::asio::ip::tcp::socket>(connected.get_future().get());
  was_sent.wait();
  std::promise<net::outcome> result;
  const auto connection =
      std::make_shared<net::client_connection>(std::move(socket), nullptr);

  loop.post([&] {
    connection->exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 65536, recorder,
                         [&](net::client_connection::answer a) {
                           result.set_value(std::move(a.result));
                         });
  });

  CAF_CHECK_EQUAL(text_of(result.get_future().get()),
                  "protocol: the server sent data before the request");
  client.reset();
}

CAF_TEST(bytes after a response are not read as the next response) {
  raw_server server{
      {say(reply(body) + reply("{\"evil\":1}")), say(reply("{}"))}};
  use(server.port());

  CAF_CHECK_EQUAL(text_of(get()), ok);
  CAF_CHECK_EQUAL(text_of(get()), "200 {}");
  client.reset();
}

CAF_TEST(a closed port gives the error connect) {
  const auto owner = raw_socket::bound();
  use(owner.port());

  const auto e = std::get<net::error>(get());

  CAF_CHECK_EQUAL(e.code, errc::connect);
  CAF_CHECK_EQUAL(e.text, "Connection refused");
}

CAF_TEST(an unknown name gives the error dns) {
  use(80, "no-such-host.invalid");

  const auto e = std::get<net::error>(get());

  CAF_CHECK_EQUAL(e.code, errc::dns);
}

CAF_TEST(localhost uses the address family that answers) {
  raw_server server{{say(reply(body))}};
  use(server.port(), "localhost");

  CAF_CHECK_EQUAL(text_of(get()), ok);
  client.reset();
}

CAF_TEST(a connection attempt without an answer ends at the deadline) {
  auto listener = raw_socket::bound();
  listener.listen(0);
  const auto queued = raw_socket::connect(listener.port());
  use(listener.port());
  const auto open_fds = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                         std::filesystem::directory_iterator{});
  };

  CAF_CHECK_EQUAL(code_of(get(50ms)), errc::timeout);

  const auto before = open_fds();
  for (int i = 0; i < 10; ++i)
    CAF_CHECK_EQUAL(code_of(get(20ms)), errc::timeout);
  CAF_CHECK_LESS_OR_EQUAL(open_fds(), before + 1);
}

CAF_TEST(a reset connection gives the error reset) {
  CAF_CHECK_EQUAL(failure([](raw_socket& s) {
                    read_request(s);
                    s.reset();
                  }),
                  errc::reset);
  CAF_CHECK_EQUAL(failure([](raw_socket& s) {
                    read_request(s);
                    s.send("HTTP/1.1 200 OK\r\nContent-Le");
                    s.reset();
                  }),
                  errc::reset);
}

CAF_TEST(an early end of the response gives the error eof) {
  for (const auto* bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: "
        "10\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"})
    CAF_CHECK_EQUAL(failure(say_and_close(bytes)), errc::eof);
}

CAF_TEST(silent and slow servers end at the deadline) {
  CAF_CHECK_EQUAL(failure(say(""), 50ms), errc::timeout);
  CAF_CHECK_EQUAL(text, "timed out after 0.05s while waiting for the response");
  CAF_CHECK_EQUAL(failure(say(""), 1s), errc::timeout);
  CAF_CHECK_EQUAL(text, "timed out after 1s while waiting for the response");

  CAF_CHECK_EQUAL(
      failure(say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), 50ms),
      errc::timeout);
  CAF_CHECK_EQUAL(text, "timed out after 0.05s while reading the response");

  const auto trickle = [](raw_socket& s) {
    read_request(s);
    for (const char c : reply(std::string(10000, ' '))) {
      pollfd nothing{};
      ::poll(&nothing, 0, 5); // waits for 5 ms between two bytes
      if (!s.send({c}))
        return;
    }
  };
  raw_server server{{trickle}};
  use(server.port());

  CAF_CHECK_EQUAL(code_of(get(50ms)), errc::timeout);
  client.reset();
}

CAF_TEST(a response that the reader refuses ends the request) {
  CAF_CHECK_EQUAL(failure(say("SSH-2.0-OpenSSH\r\n")), errc::protocol);
  CAF_CHECK_EQUAL(
      failure(say("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n")),
      errc::too_large);
  CAF_CHECK_EQUAL(failure(say(reply("x", "Content-Encoding: gzip\r\n"))),
                  errc::encoding);
}

CAF_TEST(interim responses are skipped) {
  const auto r =
      response(say("HTTP/1.1 100 Continue\r\n\r\n" +
                   reply("", "Retry-After: 2\r\n", "HTTP/1.1 503 Busy")));

  CAF_CHECK_EQUAL(r.status, 503);
  CAF_CHECK_EQUAL(r.retry_after.count(), 2);
}

CAF_TEST(system errors are mapped to error codes) {
  namespace asio = boost::asio;
  namespace http = boost::beast::http;
  using boost::system::error_code;
  const std::pair<error_code, errc> connecting[] = {
      {asio::error::connection_refused, errc::connect},
      {asio::error::connection_reset, errc::reset},
      {asio::error::host_unreachable, errc::connect},
      {asio::error::network_unreachable, errc::connect},
      {asio::error::timed_out, errc::timeout},
      {asio::error::no_descriptors, errc::local},
      {asio::error::no_buffer_space, errc::local},
      {asio::error::address_in_use, errc::local},
      {asio::error::access_denied, errc::local},
      {asio::error::address_family_not_supported, errc::local},
      {make_error_code(boost::system::errc::address_not_available),
       errc::local}};

  for (const auto& [ec, meaning] : connecting)
    CAF_CHECK_EQUAL(net::connect_error(ec).code, meaning);

  const std::pair<error_code, errc> talking[] = {
      {asio::error::connection_reset, errc::reset},
      {asio::error::broken_pipe, errc::reset},
      {asio::error::connection_aborted, errc::reset},
      {asio::error::eof, errc::eof},
      {http::error::end_of_stream, errc::eof},
      {http::error::partial_message, errc::eof},
      {asio::ssl::error::stream_truncated, errc::eof},
      {asio::ssl::error::unexpected_result, errc::tls},
      {error_code{1, asio::error::get_ssl_category()}, errc::tls},
      {asio::error::timed_out, errc::timeout},
      {asio::error::no_memory, errc::local},
      {http::error::header_limit, errc::too_large},
      {http::error::body_limit, errc::too_large},
      {http::error::buffer_overflow, errc::too_large},
      {http::error::bad_version, errc::protocol},
      {http::error::bad_chunk, errc::protocol},
      {asio::error::invalid_argument, errc::protocol}};

  for (const auto& [ec, meaning] : talking) {
    CAF_CHECK_EQUAL(net::io_error(ec).code, meaning);
  }
}

CAF_TEST(a reset at any point gives the error reset) {
  CAF_CHECK_EQUAL(failure([](raw_socket& s) { s.reset(); }), errc::reset);
  CAF_CHECK_EQUAL(failure([](raw_socket& s) {
                    read_request(s);
                    s.send(
                        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"");
                    s.reset();
                  }),
                  errc::reset);
}

CAF_TEST(an unreadable credential gives the error local) {
  raw_server server{{say(reply(body))}};
  net::resource what{"127.0.0.1", server.port(), "/x", "test", 65536};
  std::promise<void> hang;
  const auto go_on = hang.get_future().share();
  std::atomic<int> reads = 0;
  what.identify = [&reads, go_on]() -> net::identity {
    ++reads;
    go_on.wait(); // blocks as a mount that does not answer would
    return {"X-Key: k\r\n", {}};
  };
  client = std::make_unique<net::http_client>(shared, what);

  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(code_of(get(20ms)), errc::local);

  while (reads == 0)
    std::this_thread::yield(); // waits until the thread has started
  CAF_CHECK_EQUAL(reads, 1);

  hang.set_value();
  while (!std::holds_alternative<net::response>(get()))
    ;
  client.reset();
}

CAF_TEST(credentials are read before each request) {
  std::vector<std::string> keys;
  raw_server server{{[&](raw_socket& s) {
    for (int i = 0; i < 2; ++i) {
      const auto request = s.read_until("\r\n\r\n");
      keys.push_back(request.substr(request.find("X-Key: "), 8));
      s.send(reply(body));
    }
    s.read_all();
  }}};
  net::resource what{"127.0.0.1", server.port(), "/x", "test", 65536};
  what.identify = [reads = std::make_shared<int>(0)]() -> net::identity {
    return {"X-Key: " + std::to_string(++*reads) + "\r\n", {}};
  };
  client = std::make_unique<net::http_client>(shared, what);

  for (int i = 0; i < 2; ++i)
    CAF_CHECK_EQUAL(text_of(get()), ok);

  CHECK_EQUAL(keys, (std::vector<std::string>{"X-Key: 1", "X-Key: 2"}));
  client.reset();
}

CAF_TEST(chunks and bodies that end with the connection are read) {
  CAF_CHECK_EQUAL(
      response(say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\nT: x\r\n\r\n"))
          .body,
      body);
  CAF_CHECK_EQUAL(
      response(say_and_close("HTTP/1.1 200 OK\r\n\r\n" + body)).body, body);
  CAF_CHECK_EQUAL(
      response(say_and_close("HTTP/1.0 200 OK\r\n\r\n" + body)).body, body);
}

CAF_TEST(a lack of descriptors gives the error local) {
  for (const auto* host : {"127.0.0.1", "localhost"})
    lack_descriptors(host);
}

CAF_TEST(a new request cancels the previous one) {
  std::promise<void> asked;
  raw_server server{{[&](raw_socket& s) {
                       read_request(s);
                       asked.set_value();
                       s.read_all();
                     },
                     say(reply(body))}};
  use(server.port());
  bool answered = false;

  client->get(5s, [&](net::outcome) { answered = true; });
  asked.get_future().get();
  CAF_CHECK_EQUAL(text_of(get()), ok);
  CAF_CHECK(!answered);
  client.reset();
}

CAF_TEST(a client may be destroyed while its request runs) {
  std::promise<void> asked;
  raw_server server{{[&](raw_socket& s) {
    read_request(s);
    s.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
    asked.set_value();
    s.read_all();
  }}};
  use(server.port());
  bool answered = false;
  client->get(5s, [&](net::outcome) { answered = true; });
  asked.get_future().get();

  client.reset(); // the handler of the aborted read still runs afterwards
  std::promise<void> idle;
  loop.post([&] { idle.set_value(); });
  idle.get_future().get();

  CAF_CHECK(!answered);
}

CAF_TEST(an outcome tells the peer and the time of each step) {
  raw_server server{{[](raw_socket& s) {
    for (int i = 0; i < 2; ++i) {
      read_request(s);
      s.send(reply(body));
    }
    read_request(s);
  }}};
  use(server.port());
  const auto steps = [](const net::outcome& o) {
    std::string taken;
    for (const auto& took : net::trace_of(o).took)
      taken += took ? '1' : '0';
    return taken;
  };
  const auto peer = "127.0.0.1:" + std::to_string(server.port());

  const auto first = get();
  const auto kept = get();

  CAF_CHECK_EQUAL(steps(first), "1110111");
  CAF_CHECK_EQUAL(net::trace_of(first).peer, peer);
  CAF_CHECK_EQUAL(net::trace_of(first).tls_version, "");
  CAF_CHECK(!net::trace_of(first).certificate_expiry);
  CAF_CHECK_EQUAL(steps(kept), "1000111");
  client.reset();
}

CAF_TEST(the times of all steps are not more than the whole request took) {
  const auto begin = net::trace_recorder::clock::now();
  net::trace_recorder recorder;
  for (int i = 0; i < 1000; ++i) {
    recorder.enter(net::step::connect);
    recorder.enter(net::step::send);
  }

  const auto took = recorder.finish().took;
  const auto all = net::trace_recorder::clock::now() - begin;
  std::chrono::nanoseconds sum{};
  for (const auto s : {net::step::prepare, net::step::connect, net::step::send})
    sum += took[index(s)].value();

  CAF_CHECK_LESS_OR_EQUAL(sum, all);
}

CAF_TEST(an outcome tells the step in which the request failed) {
  raw_server server{{[](raw_socket& s) { s.read_all(); }}};
  use(server.port());
  const auto mute = get(50ms);
  client.reset();
  use(1);
  const auto refused = get();

  const auto& waited = net::trace_of(mute).took[index(net::step::wait)];
  CAF_REQUIRE(waited.has_value());
  CAF_CHECK_LESS(0ns, *waited);
  CAF_CHECK(!net::trace_of(mute).took[index(net::step::read)]);
  CAF_CHECK_EQUAL(net::trace_of(refused).peer, "127.0.0.1:1");
  CAF_CHECK(!net::trace_of(refused).took[index(net::step::send)]);
}

CAF_TEST(the names of the loopback addresses need no resolver) {
  const std::vector<boost::asio::ip::address> loopback{
      boost::asio::ip::make_address("::1"),
      boost::asio::ip::make_address("127.0.0.1")};

  for (const auto* name : {"localhost", "localhost.", "LocalHost",
                           "betanet.localhost", "a.b.localhost."})
    CHECK_EQUAL(net::loopback_addresses(name), loopback);
  for (const auto* name : {"", ".", "localhost..", "notlocalhost",
                           "localhost.example", "local", "127.0.0.1"})
    CAF_CHECK(net::loopback_addresses(name).empty());
}

CAF_TEST(a name below localhost reaches a service on one family) {
  raw_server server{{say(reply(body))}};

  use(server.port(), "betanet.localhost.");

  CAF_CHECK_EQUAL(text_of(get()), ok);
  client.reset();
}

/// Connects to an address that does not answer and one that does.
struct race {
  race() {
    dead.listen(0);
    queued.emplace(raw_socket::connect(alive.port(), 0, 9));
  }

  void start(net::loop& loop, net::outbound& shared) {
    auto& io = loop.internals().io;
    c = std::make_shared<net::connector>(io, shared, this);
    boost::asio::post(io, [&] {
      c->start({boost::asio::ip::make_address("127.0.0.9"),
                boost::asio::ip::make_address("127.0.0.1")},
               alive.port(), recorder, [&](net::connector::result r) {
                 result.set_value(std::move(r));
               });
    });
  }

  raw_server alive{{say(reply(body))}};
  raw_socket dead = raw_socket::bound(alive.port(), 9);
  std::optional<raw_socket> queued;
  net::trace_recorder recorder;
  std::promise<net::connector::result> result;
  std::shared_ptr<net::connector> c;
};

CAF_TEST(an address that does not answer does not hide one that does) {
  race r;

  r.start(loop, shared);
  const auto found = r.result.get_future().get();

  CAF_REQUIRE(std::holds_alternative<boost::asio::ip::tcp::socket>(found));
  CAF_CHECK_EQUAL(std::get<boost::asio::ip::tcp::socket>(found)
                      .remote_endpoint()
                      .address()
                      .to_string(),
                  "127.0.0.1");
  CAF_CHECK_EQUAL(*shared.races, 0u);
}

CAF_TEST(few connections are tried beside another one) {
  race r;
  auto result = r.result.get_future();
  loop.post([&] { *shared.races = 8; });

  r.start(loop, shared);
  const auto held_back = result.wait_for(600ms); // two attempts
  loop.post([&] { *shared.races = 0; });
  const auto found = result.get();

  CHECK_EQUAL(held_back, std::future_status::timeout);
  CAF_CHECK(std::holds_alternative<boost::asio::ip::tcp::socket>(found));
  CAF_CHECK_EQUAL(*shared.races, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
