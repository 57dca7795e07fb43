#define CAF_SUITE response_head

#include "net/response_head.hpp"

#include "tests/suite.hpp"

using namespace betanet::net;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

/// The code of the defect, or "none".
std::string defect_of(const response_head& head) {
  const auto defect = head_defect(head);
  return defect ? to_string(defect->code) : "none";
}

response_head with_status(int status) {
  response_head head;
  head.status = status;
  return head;
}

response_head with_encodings(std::vector<std::string_view> all,
                             int version = 11) {
  return {version, 200, std::move(all), {}};
}

/// The end of the header block or the code of the defect, with which no end is
/// known. Checks that the result is equal if the bytes arrive at once and one
/// by one.
std::string end_of(const std::string& bytes, std::size_t max_bytes = 100) {
  const auto text = [](const response_head_end& e) {
    CAF_CHECK(!e.defect || e.size == 0);
    return e.defect ? to_string(e.defect->code) : std::to_string(e.size);
  };
  const auto at_once = text(find_response_head_end(bytes, 0, max_bytes));
  std::string one_by_one = "0";
  for (std::size_t n = 1; n <= bytes.size() && one_by_one == "0"; ++n)
    one_by_one =
        text(find_response_head_end(bytes.substr(0, n), n - 1, max_bytes));
  CAF_CHECK_EQUAL(one_by_one, at_once);
  return at_once;
}

} // namespace

CAF_TEST(statuses from 100 to 599 are accepted except 101) {
  for (const int good : {100, 102, 103, 199, 200, 204, 304, 404, 503, 599})
    CAF_CHECK_EQUAL(defect_of(with_status(good)), "none");
  for (const int bad : {0, 99, 101, 600, 999})
    CAF_CHECK_EQUAL(defect_of(with_status(bad)), "protocol");
}

CAF_TEST(interim responses are those of 1xx except 101) {
  for (const int interim : {100, 102, 103, 199})
    CAF_CHECK(is_interim(interim));
  for (const int other : {99, 101, 200, 503})
    CAF_CHECK(!is_interim(other));
}

CAF_TEST(chunked alone and only in HTTP 1_1 is a transfer encoding) {
  CAF_CHECK_EQUAL(defect_of(with_encodings({})), "none");
  CAF_CHECK_EQUAL(defect_of(with_encodings({"chunked"})), "none");
  CAF_CHECK_EQUAL(defect_of(with_encodings({"Chunked"})), "none");
  for (const auto* bad : {"", "gzip", "xchunked", "gzip, chunked", "identity"})
    CAF_CHECK_EQUAL(defect_of(with_encodings({bad})), "protocol");
  CAF_CHECK_EQUAL(defect_of(with_encodings({"chunked", "chunked"})),
                  "protocol");
  CAF_CHECK_EQUAL(defect_of(with_encodings({"chunked"}, 10)), "protocol");
}

CAF_TEST(other versions are refused) {
  for (const int good : {10, 11})
    CAF_CHECK_EQUAL(defect_of(with_encodings({}, good)), "none");
  for (const int bad : {0, 9, 12, 20})
    CAF_CHECK_EQUAL(defect_of(with_encodings({}, bad)), "protocol");
}

CAF_TEST(a content encoding that was not asked for is refused and named) {
  auto head = with_status(200);
  for (const auto* good : {"", "identity", "Identity"}) {
    head.content_encoding = good;
    CAF_CHECK_EQUAL(defect_of(head), "none");
  }
  for (const auto* bad : {"gzip", "br", "identity, gzip", " "}) {
    head.content_encoding = bad;
    CAF_CHECK_EQUAL(defect_of(head), "encoding");
  }

  head.content_encoding = "gzip";
  const auto text = head_defect(head)->text;
  CAF_CHECK_EQUAL(text, "content encoding gzip was not asked for");
  head.status = 103; // has no body
  CAF_CHECK_EQUAL(defect_of(head), "none");
}

CAF_TEST(Retry_After is a number of seconds or absent) {
  for (const auto& [text, seconds] :
       {std::pair{"2", 2s},
        {"0", 0s},
        {"007", 7s},
        {"120", 120s},
        {"99999999999", 1000000000s},
        {"99999999999999999999999999", 1000000000s},
        {"", 0s},
        {"-2", 0s},
        {"+2", 0s},
        {"2.5", 0s},
        {"2 ", 0s},
        {"soon", 0s},
        {"Fri, 31 Dec 1999 23:59:59 GMT", 0s}})
    CAF_CHECK_EQUAL(parse_retry_after(text).count(), seconds.count());
}

CAF_TEST(the end of a header block is found) {
  CAF_CHECK_EQUAL(end_of("HTTP/1.1 200 OK\r\n\r\n"), "19");
  CAF_CHECK_EQUAL(end_of("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}\n"), "25");
  for (const auto* part :
       {"", "H", "HTTP/1.", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r"})
    CAF_CHECK_EQUAL(end_of(part), "0");
}

CAF_TEST(bytes that cannot become a header block are refused at once) {
  for (const auto* bytes :
       {"{", "SSH-2.0", "HTTP/2 200\r\n\r\n", "ICY 200 OK\r\n\r\n", "\r\n",
        "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n",
        "HTTP/1.1 200 OK\r\nA: b\n", "HTTP/1.1 200 OK\r\n\nA: b\r\n"})
    CAF_CHECK_EQUAL(end_of(bytes), "protocol");
}

CAF_TEST(the message about a peer that speaks TLS says so) {
  const auto end = find_response_head_end("\x15\x03\x01", 0, 100);

  CAF_REQUIRE(end.defect.has_value());
  CAF_CHECK_EQUAL(end.defect->text,
                  "invalid HTTP response: the peer speaks TLS, the URL does "
                  "not say https");
}

CAF_TEST(the size of a header block is limited) {
  const auto block = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"s; // 25 bytes

  CAF_CHECK_EQUAL(end_of(block, 25), "25");
  CAF_CHECK_EQUAL(end_of(block, 24), "too_large");
  CAF_CHECK_EQUAL(end_of("HTTP/1.1 " + std::string(16, 'x'), 25), "0");
  CAF_CHECK_EQUAL(end_of("HTTP/1.1 " + std::string(17, 'x'), 25), "too_large");
}

CAF_TEST(outside text is cut and made printable) {
  CAF_CHECK_EQUAL(printable("a~ b"), "a~ b");
  CAF_CHECK_EQUAL(printable("a\r\n\x7f\xff"), "a????");
  CAF_CHECK_EQUAL(printable(std::string(1000, 'x')), std::string(50, 'x'));
}
