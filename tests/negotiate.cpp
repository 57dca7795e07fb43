#define CAF_SUITE negotiate

#include "net/negotiate.hpp"

#include "tests/suite.hpp"

#include <zlib.h>

using namespace betanet::net;

namespace {

bool prefers_openmetrics(const char* accept) {
  return preferred_format(accept) == format::openmetrics_1_0_0;
}

std::string gunzip(const std::string& packed) {
  z_stream z{};
  CAF_REQUIRE_EQUAL(inflateInit2(&z, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  CAF_REQUIRE_EQUAL(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

} // namespace

CAF_TEST(OpenMetrics is for those who prefer it) {
  for (const auto* yes :
       {// Prometheus 2.42 and 3
        "application/openmetrics-text;version=1.0.0,"
        "application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "application/openmetrics-text", "APPLICATION/OpenMetrics-Text ; Q=0.1",
        "application/openmetrics-text; version=\"1.0.0\"",
        "text/plain;q=0, */*", "text/*;q=0.2, application/*;q=0.3"})
    if (!prefers_openmetrics(yes))
      CAF_FAIL("text for " << yes);
  for (const auto* no :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain",
        "application/openmetrics-text;q=0.5,text/plain;q=0.5",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=0", "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=x", "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=nan", ",;=,;q", "application/json",
        "application/vnd.google.protobuf;proto=x"})
    if (prefers_openmetrics(no))
      CAF_FAIL("OpenMetrics for " << no);
}

CAF_TEST(gzip is for those who take it as gladly as plain text) {
  for (const auto* yes : {"gzip", "x-gzip", "GZIP", "deflate, gzip", "*",
                          "gzip;q=0.1", "gzip, identity",
                          "gzip;q=0.5, "
                          "identity;q=0.5",
                          "br, *;q=0.5", "identity;q=0.2, gzip;q=0.3"})
    if (!accepts_gzip(yes))
      CAF_FAIL("plain for " << yes);
  for (const auto* no :
       {"", "identity", "deflate", "gzip;q=0", "*;q=0", "gzip;q=0, *",
        "gzip;q=0.2, identity;q=0.3", "gzip;q=x", "gzipped"})
    if (accepts_gzip(no))
      CAF_FAIL("gzip for " << no);
}

CAF_TEST(what is compressed can be read again) {
  for (const auto& text :
       {std::string{}, std::string{"x"}, std::string(300000, 'a')})
    CAF_CHECK(gunzip(gzip(text)) == text);
  CAF_CHECK_LESS(gzip(std::string(300000, 'a')).size(), 3000u);
}

CAF_TEST(the first parameter of a name counts and is decoded) {
  const auto target = [](const char* query) {
    return query_value(query, "target").value_or("none");
  };
  CAF_CHECK_EQUAL(target("target=eu-1"), "eu-1");
  CAF_CHECK_EQUAL(target("a=b&target=x&target=y"), "x");
  CAF_CHECK_EQUAL(target("target=a+b%20c%2Fd"), "a b c/d");
  CAF_CHECK_EQUAL(target("%74arget=x"), "x");
  CAF_CHECK_EQUAL(target("target"), "");
  CAF_CHECK_EQUAL(target("target=%zz%4"), "%zz%4");
  for (const auto* other : {"", "a=b", "targets=x", "&&=&", "Target=x"})
    CAF_CHECK_EQUAL(target(other), "none");
}
