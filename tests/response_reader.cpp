#define CAF_SUITE response_reader

#include "net/response_reader.hpp"

#include "tests/suite.hpp"

#include <optional>
#include <random>

using namespace betanet::net;
using namespace std::chrono_literals;
using namespace std::string_literals;
using progress = response_reader::progress;
using ending = response_reader::ending;

namespace {

constexpr std::uint64_t max_body = 65536;
const std::string body = "{\"a\":1}";

/// The result of reading the bytes as text: `200 keep {"a":1}`, `200 close
/// ...`, the code of a failure, or `more` if the response is incomplete.
std::string text_of(response_reader& r, progress p) {
  switch (p) {
  case progress::need_more:
    return "more";
  case progress::failed:
    return to_string(r.failure().code);
  case progress::complete:
    const bool keep = r.may_keep_connection();
    auto got = r.take_response();
    return std::to_string(got.status) + (keep ? " keep " : " close ") +
           got.body;
  }
  return {};
}

/// Feeds parts whose sizes `next_size` gives, and then the end of the
/// connection if there is one.
template <class F>
std::string feed(const std::string& bytes, std::optional<ending> end,
                 F next_size) {
  response_reader r{max_body};
  auto state = progress::need_more;
  std::string_view rest{bytes};
  while (!rest.empty() && state == progress::need_more) {
    const auto part = rest.substr(0, next_size());
    rest.remove_prefix(part.size());
    state = r.feed(part);
  }
  if (end && state == progress::need_more)
    state = r.finish(*end);
  return text_of(r, state);
}

/// Feeds the bytes at once, byte by byte and in random parts, and checks that
/// the results are equal. Bytes after the response are noticed only if they
/// arrive together with its end.
std::string outcome_of(const std::string& bytes,
                       std::optional<ending> end = {}) {
  std::mt19937 dice{1};
  const auto at_once = feed(bytes, end, [&] { return bytes.size(); });
  CAF_CHECK_EQUAL(feed(bytes, end, [] { return 1u; }), at_once);
  for (const unsigned most : {3u, 100u, 5000u})
    for (int i = 0; i < 5; ++i)
      CAF_CHECK_EQUAL(feed(bytes, end, [&] { return 1 + dice() % most; }),
                      at_once);
  return at_once;
}

std::string closed(const std::string& bytes) {
  return outcome_of(bytes, ending::orderly);
}

std::string reply(const std::string& text, const std::string& fields = {},
                  const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status +
         "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n" +
         fields + "\r\n" + text;
}

std::string chunked(const std::string& chunks) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
}

response read(const std::string& bytes) {
  response_reader r{max_body};
  REQUIRE_EQUAL(r.feed(bytes), progress::complete);
  return r.take_response();
}

error failure(const std::string& bytes) {
  response_reader r{max_body};
  REQUIRE_EQUAL(r.feed(bytes), progress::failed);
  return r.failure();
}

} // namespace

CAF_TEST(a response with a length is complete with its last byte) {
  CAF_CHECK_EQUAL(outcome_of(reply(body)), "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(reply("")), "200 keep ");
  CAF_CHECK_EQUAL(outcome_of(reply(body, "Content-Type: text/html\r\n")),
                  "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(reply(std::string(max_body, 'x'))),
                  "200 keep " + std::string(max_body, 'x'));
}

CAF_TEST(zeros before the sizes of chunks are limited) {
  const auto zeros = std::string(4000, '0');
  std::string padded, plain;
  for (int i = 0; i < 5; ++i)
    padded += zeros + "1\r\n \r\n";
  for (int i = 0; i < 5000; ++i)
    plain += "0001\r\n \r\n";

  CAF_CHECK_EQUAL(outcome_of(chunked(zeros + "2\r\n{}\r\n0\r\n\r\n")),
                  "200 keep {}");
  CAF_CHECK_EQUAL(outcome_of(chunked(padded)), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked(plain + "2\r\n{}\r\n0\r\n\r\n")),
                  "200 keep " + std::string(5000, ' ') + "{}");
}

CAF_TEST(chunks are joined and their extensions and trailers dropped) {
  CAF_CHECK_EQUAL(outcome_of(chunked("3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n"
                                     "T: x\r\n\r\n")),
                  "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(chunked("0\r\n\r\n")), "200 keep ");
}

CAF_TEST(without a length the orderly end of the connection ends the body) {
  for (const auto* version : {"HTTP/1.1", "HTTP/1.0"}) {
    const auto bytes = version + " 200 OK\r\n\r\n"s + body;

    CAF_CHECK_EQUAL(outcome_of(bytes), "more");
    CAF_CHECK_EQUAL(closed(bytes), "200 close " + body);
    CAF_CHECK_EQUAL(outcome_of(bytes, ending::cut), "eof");
  }
  CAF_CHECK_EQUAL(closed("HTTP/1.1 200 OK\r\n\r\n"), "200 close ");
}

CAF_TEST(some statuses have no body) {
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.1 204 No Content\r\n\r\n"), "204 keep ");
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.1 304 Not Modified\r\n\r\n"), "304 keep ");
}

CAF_TEST(the server decides whether the connection is kept) {
  CAF_CHECK_EQUAL(outcome_of(reply(body, "Connection: close\r\n")),
                  "200 close " + body);
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
                  "200 close {}");
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"
                             "Connection: keep-alive\r\n\r\n{}"),
                  "200 keep {}");
}

CAF_TEST(a connection with bytes after the response is not kept) {
  for (const auto& after : {"x"s, reply("{}"), std::string(70000, 'x')}) {
    response_reader r{max_body};

    const auto state = r.feed(reply(body) + after);

    CAF_CHECK_EQUAL(text_of(r, state), "200 close " + body);
  }
}

CAF_TEST(interim responses are dropped up to five) {
  const auto interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"s;
  std::string five;
  for (int i = 0; i < 5; ++i)
    five += interim;

  CAF_CHECK_EQUAL(outcome_of(interim), "more");
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.1 100 Continue\r\n\r\n"
                             "HTTP/1.1 102 Processing\r\n\r\n" +
                             reply(body)),
                  "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(five + reply(body)), "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(five + interim + reply(body)), "protocol");
}

CAF_TEST(an early end gives the error eof) {
  for (const auto& bytes :
       {""s, "H"s, "HTTP/1.1 200 OK\r\nContent-"s, "HTTP/1.1 200 OK\r\n"s,
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"s,
        "HTTP/1.1 103 Early Hints\r\n\r\n"s, chunked(""), chunked("2"),
        chunked("2\r\n{}\r\n"), chunked("2\r\n{}\r\n0\r\nT: x\r\n")}) {
    CAF_CHECK_EQUAL(outcome_of(bytes), "more");
    CAF_CHECK_EQUAL(closed(bytes), "eof");
    CAF_CHECK_EQUAL(outcome_of(bytes, ending::cut), "eof");
  }
}

CAF_TEST(bytes that are not HTTP are a protocol error) {
  for (const auto& bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n"s,
        body,
        "HTTP/1.1 200\r\n\r\n"s,
        "HTTP/2 200\r\n\r\n"s,
        "ICY 200 OK\r\n\r\n"s,
        "\x15\x03\x01\x02\x02\x46"s,
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n"s,
        reply("", "", "099 Odd"),
        reply("", "", "999 Odd"),
        reply("", "", "2x0 Odd"),
        reply("", "A b\r\n"),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"s,
        reply("{}", "Content-Length: 3\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"s,
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}"s,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}"s,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"s,
        reply("{}", "Transfer-Encoding: chunked\r\n"),
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0"
        "\r\n\r\n"s,
        chunked("x\r\n  "),
        chunked("2\r\n{}xxxxx"),
        chunked("2\r{}\r\n"),
        chunked("2;=\r\n{}\r\n0\r\n\r\n"),
        chunked("2;a=\"b\r\n{}\r\n0\r\n"),
        chunked("0\r\nno colon\r\n\r\n")})
    CAF_CHECK_EQUAL(outcome_of(bytes), "protocol");
}

CAF_TEST(a body above its limit is refused before it is stored) {
  const std::string big(max_body + 1, ' ');

  CAF_CHECK_EQUAL(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n"
                             "\r\n"),
                  "too_large");
  CAF_CHECK_EQUAL(outcome_of("HTTP/1.1 200 OK\r\n\r\n" + big), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked("10001\r\n")), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked("8000\r\n" + std::string(0x8000, ' ') +
                                     "\r\n8001\r\n")),
                  "too_large");
}

CAF_TEST(the size of a header block is limited) {
  const auto padded = [](std::size_t size) {
    const auto head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: "s;
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
  };

  CAF_CHECK_EQUAL(outcome_of(padded(8192)), "200 keep ");
  CAF_CHECK_EQUAL(outcome_of(padded(8193)), "too_large");
  CAF_CHECK_EQUAL(
      outcome_of("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x')),
      "too_large");
}

CAF_TEST(the total size of headers and framing is limited) {
  const auto hint =
      "HTTP/1.1 103 Hints\r\nX: " + std::string(7900, 'x') + "\r\n\r\n";
  const auto extension = "1;" + std::string(1000, 'e') + "\r\n \r\n";
  std::string extensions;
  for (int i = 0; i < 16; ++i)
    extensions += extension;
  const auto trailer = "0\r\nT: " + std::string(8000, 'x') + "\r\n\r\n";

  CAF_CHECK_EQUAL(outcome_of(hint + reply(body)), "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(hint + hint + reply(body)), "200 keep " + body);
  CAF_CHECK_EQUAL(outcome_of(hint + hint + hint), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked(extensions + "0\r\n\r\n")),
                  "200 keep " + std::string(16, ' '));
  CAF_CHECK_EQUAL(outcome_of(chunked(extensions + extension)), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked(trailer)), "200 keep ");
  CAF_CHECK_EQUAL(outcome_of(chunked(extensions + trailer)), "too_large");
  CAF_CHECK_EQUAL(outcome_of(hint + hint + chunked(trailer)), "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked("2;" + std::string(20000, 'x'))),
                  "too_large");
  CAF_CHECK_EQUAL(outcome_of(chunked("0\r\nT: " + std::string(20000, 'x'))),
                  "too_large");
}

CAF_TEST(the framing of small chunks does not count towards the limit) {
  std::string chunks;
  for (int i = 0; i < 10000; ++i)
    chunks += "1\r\nx\r\n";

  CAF_CHECK_EQUAL(outcome_of(chunked(chunks + "0\r\n\r\n")),
                  "200 keep " + std::string(10000, 'x'));
}

CAF_TEST(an encoding that was not asked for is refused) {
  for (const auto* coding : {"gzip", "br", "identity, gzip"})
    CAF_CHECK_EQUAL(
        outcome_of(reply("x", "Content-Encoding: "s + coding + "\r\n")),
        "encoding");
  CAF_CHECK_EQUAL(outcome_of(reply(body, "Content-Encoding: identity\r\n")),
                  "200 keep " + body);
}

CAF_TEST(the status and Retry_After are returned) {
  CAF_CHECK_EQUAL(read(reply("", "", "404 Not Found")).status, 404);
  CAF_CHECK_EQUAL(read(reply("", "", "301 Moved")).status, 301);

  const auto busy = read(reply("", "Retry-After: 2\r\n", "503 Busy"));
  CAF_CHECK_EQUAL(busy.status, 503);
  CAF_CHECK_EQUAL(busy.retry_after.count(), 2);
}

CAF_TEST(messages say what was wrong and contain only printable text) {
  CAF_CHECK_EQUAL(failure("\x15\x03\x01").text,
                  "invalid HTTP response: the peer speaks TLS, the URL does "
                  "not say https");
  CAF_CHECK_EQUAL(failure(reply("", "", "999 Odd")).text,
                  "invalid HTTP response: status 999");
  CAF_CHECK_EQUAL(
      failure("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n").text,
      "response body too large");

  const auto odd = failure(reply("x", "Content-Encoding: \xff\xfe" +
                                          std::string(4000, 'y') + "\r\n"));
  CAF_CHECK_LESS(odd.text.size(), 100u);
  CHECK_NOT_CONTAINS(odd.text, "\xff");
}

CAF_TEST(the reader tells whether the response has begun) {
  response_reader r{max_body};
  CAF_CHECK(!r.has_begun());

  r.feed("H");
  CAF_CHECK(r.has_begun());
}
