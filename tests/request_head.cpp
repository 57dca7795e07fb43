#define CAF_SUITE request_head

#include "net/request_head.hpp"

#include "tests/suite.hpp"

using namespace betanet::net;
using namespace std::string_literals;

namespace {

constexpr header_limits limits;

/// The result of reading the bytes of a client.
struct verdict {
  int status = 0;       ///< 200: accepted; 0: incomplete; else a refusal.
  request_head head;    ///< The head of an accepted request.
  std::size_t rest = 0; ///< Bytes after the head of an accepted request.
};

/// Reads the first request as the server does, `step` bytes at a time.
verdict read(const std::string& bytes, std::size_t step) {
  std::string input;
  std::size_t scanned = 0;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    input += bytes.substr(at, step);
    if (const auto empty = leading_empty_lines(input)) {
      input.erase(0, empty);
      scanned = 0;
    }
    const auto end = find_header_end(input, scanned, limits.bytes);
    scanned = input.size();
    CAF_CHECK(!end.refusal || end.size == 0);
    if (end.refusal)
      return {end.refusal, {}, 0};
    if (end.size == 0)
      continue;
    auto parsed = parse_request_head(input.substr(0, end.size), limits.fields);
    if (const auto* r = std::get_if<refusal>(&parsed))
      return {r->status, {}, 0};
    return {200, std::get<request_head>(parsed),
            input.size() - end.size + bytes.size() -
                std::min(bytes.size(), at + step)};
  }
  return {};
}

/// Checks the status, and that it does not depend on how the bytes are split.
void check(const std::string& bytes, int status) {
  for (const std::size_t step :
       {bytes.size(), std::size_t{1}, std::size_t{7}}) {
    const auto v = read(bytes, step);
    if (v.status != status)
      CAF_MESSAGE(step << " bytes at a time: " << bytes.substr(0, 200));
    CAF_CHECK_EQUAL(v.status, status);
  }
}

request_head head_of(const std::string& bytes) {
  const auto v = read(bytes, bytes.size());
  CAF_REQUIRE_EQUAL(v.status, 200);
  return v.head;
}

/// A request with these header lines after its Host.
std::string with(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n\r\n";
}

/// A request whose header block has this size.
std::string padded(std::size_t size) {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
  return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
}

/// A request with this number of header fields.
std::string numbered(int fields) {
  std::string head = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 1; i < fields; ++i)
    head += "a: b\r\n";
  return head + "\r\n";
}

} // namespace

CAF_TEST(requests from pages of other sites are recognised) {
  const auto head = [](const std::string& lines) {
    const auto parsed = parse_request_head(
        "POST /-/reload HTTP/1.1\r\nHost: exporter:9200\r\n" + lines + "\r\n",
        100);
    return is_cross_site(std::get<request_head>(parsed));
  };

  for (const auto* own :
       {"", "Origin: http://exporter:9200\r\n",
        "Origin: https://EXPORTER:9200\r\n", "Sec-Fetch-Site: same-origin\r\n",
        "sec-fetch-site: none\r\n"})
    CAF_CHECK(!head(own));
  for (const auto* foreign :
       {"Origin: http://evil.test\r\n", "Origin: http://exporter\r\n",
        "Origin: http://exporter:92\r\n", "Origin: null\r\n",
        "Origin: http://exporter:9200.evil.test\r\n",
        "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
        "Origin: http://exporter:9200\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: http://exporter:9200\r\nOrigin: http://evil.test\r\n"})
    CAF_CHECK(head(foreign));
}

CAF_TEST(the fields the server uses are read) {
  const auto bytes = "GET /a%20b?x=1?y HTTP/1.1\r\nHost: h:1\r\nACCEPT: t/p\r\n"
                     "Accept-Encoding: gzip\r\nAuthorization: Basic x\r\n\r\n"s;

  const auto head = head_of(bytes);

  CHECK_EQUAL(head.method, method::get);
  CAF_CHECK_EQUAL(head.path, "/a%20b");
  CAF_CHECK_EQUAL(head.query, "x=1?y");
  CAF_CHECK_EQUAL(head.host, "h:1");
  CAF_CHECK_EQUAL(head.accept, "t/p");
  CAF_CHECK_EQUAL(head.accept_encoding, "gzip");
  CAF_CHECK_EQUAL(head.authorization, "Basic x");
  CAF_CHECK(head.keep_alive);
}

CAF_TEST(absent fields are empty and repeated ones are joined) {
  const auto absent = head_of("GET / HTTP/1.0\r\n\r\n");
  const auto repeated = head_of(with("Accept: a\r\nB: c\r\nAccept: d"));

  CAF_CHECK_EQUAL(absent.host + absent.accept + absent.accept_encoding +
                      absent.authorization + absent.query,
                  "");
  CAF_CHECK_EQUAL(repeated.accept, "a, d");
}

CAF_TEST(methods are distinguished) {
  for (const auto& [word, m] : {std::pair{"GET", method::get},
                                {"HEAD", method::head},
                                {"POST", method::post},
                                {"DELETE", method::other},
                                {"get", method::other},
                                {"BREW", method::other}})
    CHECK_EQUAL(head_of(word + " / HTTP/1.1\r\nHost: x\r\n\r\n"s).method, m);
}

CAF_TEST(the client decides whether the connection is kept) {
  CAF_CHECK(head_of(with("A: b")).keep_alive);
  CAF_CHECK(head_of(with("Connection: keep-alive")).keep_alive);
  CAF_CHECK(!head_of(with("Connection: close")).keep_alive);
  CAF_CHECK(!head_of(with("Connection: x, Close")).keep_alive);
  CAF_CHECK(!head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CAF_CHECK(
      !head_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

CAF_TEST(sound blocks are accepted) {
  for (const auto& bytes :
       {with("A: b"), with("Content-Length: 0"), with("Upgrade: websocket"),
        with("Upgrade: h2c\r\nConnection: Upgrade"), with("If-None-Match: *"),
        with("Range: bytes=0-1,0-2"), "GET / HTTP/1.1\r\nHost:\r\n\r\n"s,
        "GET / HTTP/1.0\r\n\r\n"s, "\r\n\r\nGET / HTTP/1.0\r\n\r\n"s,
        padded(limits.bytes), numbered(limits.fields)})
    check(bytes, 200);
}

CAF_TEST(an incomplete block needs more) {
  for (const auto& bytes :
       {"\r"s, "\r\n\r\n"s, "G"s, "GET / HTTP/1.1\r\nHost: x\r\n"s,
        "GET / HTTP/1.1\r\nHost: x\r\n\r"s, std::string(limits.bytes, 'x')})
    check(bytes, 0);
}

CAF_TEST(malformed blocks are refused) {
  for (const auto& bytes :
       {"GET / HTTP/1.1\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"s,
        "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"s,
        "GET / HTTP/1.1\nHost: x\n\n"s, "GET / HTTP/1.1\r\nHost: x\r\n\n"s,
        "\nGET / HTTP/1.0\r\n\r\n"s, "\r\n\nGET / HTTP/1.0\r\n\r\n"s,
        "\r\rGET / HTTP/1.0\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"s,
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n"s,
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"s,
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"s, "GET\r\n\r\n"s,
        "\x16\x03\x01\x02\r\n\r\n"s, with("Content-Length: +0"),
        with("Content-Length: 0\r\nContent-Length: 1")})
    check(bytes, 400);
}

CAF_TEST(Host is a host with or without a port) {
  const auto of = [](const std::string& host) {
    return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  };
  for (const auto* good : {"", "a", "a:", "a:9200", "exporter_1.x-y:1", "[::1]",
                           "[::1]:9200", "10.0.0.1:80", "a%20b", "[v1.a:b]"})
    check(of(good), 200);
  for (const auto* bad :
       {"ann:secret@a", "a b", "x/../y", "a:b", "[::1", "[::1]9200", "[a/b]",
        "a?b", "a#b", "a:1:2", "\"a\"", "a\\b", "<a>"})
    check(of(bad), 400);
}

CAF_TEST(a byte that is never part of a header block is refused at once) {
  for (const auto& begun :
       {"GET\0"s, "GET / HTTP/1.1\n"s, "GET / HTTP/1.1\rX"s,
        "GET / HTTP/1.1\r\n folded"s, "GET / HTTP/1.1\r\n\tfolded"s, "\rG"s})
    CAF_CHECK_EQUAL(find_header_end(begun, 0, 8192).refusal, 400);
  for (const auto& begun : {"GET"s, "GET / HTTP/1.1\r"s, "GET / HTTP/1.1\r\n"s})
    CAF_CHECK_EQUAL(find_header_end(begun, 0, 8192).refusal, 0);

  const std::string_view after_another = "\rGET";
  CAF_CHECK_EQUAL(find_header_end(after_another.substr(1), 0, 8192).refusal, 0);
}

CAF_TEST(versions other than 1_0 and 1_1 are refused) {
  for (const auto* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9"})
    check("GET / " + std::string{version} + "\r\nHost: x\r\n\r\n", 505);
  check("PRI * HTTP/2.0\r\n\r\n", 505);
  check(" HTTP/2.0\r\nHost: x\r\n\r\n", 505);
  for (const auto* odd : {"GET / http/1.1", "GET /", "GET / HTTP/1.1 ",
                          "GET / HTTP/11", "GET / HTTP/1.1x", "GET / HTTP/1.a",
                          "GET / HTTP/a.1", "GET / HTTP/1:1", "GET / HTTP/1./"})
    check(std::string{odd} + "\r\nHost: x\r\n\r\n", 400);
}

CAF_TEST(requests with a body are refused) {
  for (const auto* length : {"5", "1000000000", "00"})
    check(with("Content-Length: " + std::string{length}), 413);
  for (const auto* lines :
       {"Transfer-Encoding: chunked", "Transfer-Encoding: gzip",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: identity",
        "Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nTransfer-Encoding: gzip",
        "Content-Length: 0\r\nContent-Length: 5", "Content-Length: -1",
        "Content-Length: 0x5", "Content-Length: 99999999999999999999"})
    check(with(lines), 400);
  check("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

CAF_TEST(any expectation is refused) {
  check(with("Expect: 100-continue"), 417);
  check(with("Expect: x"), 417);
}

CAF_TEST(the size and the number of header fields are limited) {
  check(padded(limits.bytes + 1), 431);
  check(padded(65536), 431);
  check(std::string(limits.bytes + 1, 'x'), 431);
  check(numbered(limits.fields + 1), 431);
}

CAF_TEST(a block of any size within its limit is read) {
  const auto bytes = padded(65536);

  const auto end = find_header_end(bytes, 0, 65536);
  const auto parsed = parse_request_head(bytes, limits.fields);

  CAF_CHECK_EQUAL(end.size, bytes.size());
  CAF_CHECK(std::holds_alternative<request_head>(parsed));
}

CAF_TEST(bytes after a block are left for the next request) {
  const auto next = "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"s;

  const auto v = read(with("A: b") + next, 1000);

  CAF_CHECK_EQUAL(v.status, 200);
  CAF_CHECK_EQUAL(v.rest, next.size());
}
