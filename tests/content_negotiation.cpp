#define CAF_SUITE content_negotiation

#include "net/content_negotiation.hpp"

#include "tests/suite.hpp"

using namespace betanet::net;

namespace {

/// The header and the result for it, so that a failed comparison shows both.
std::string answer(std::string_view header, const std::string& result) {
  return std::string{header} + " -> " + result;
}

void check_format(std::string_view accept, format f) {
  CAF_CHECK_EQUAL(answer(accept, to_string(preferred_format(accept))),
                  answer(accept, to_string(f)));
}

void check_escaping(std::string_view accept, std::string_view scheme) {
  CAF_CHECK_EQUAL(answer(accept, std::string{preferred_escaping(accept)}),
                  answer(accept, std::string{scheme}));
}

void check_gzip(std::string_view accept_encoding, bool expected) {
  const auto text = [](bool b) { return b ? "gzip" : "plain"; };
  CAF_CHECK_EQUAL(answer(accept_encoding, text(accepts_gzip(accept_encoding))),
                  answer(accept_encoding, text(expected)));
}

} // namespace

CAF_TEST(clients that prefer OpenMetrics get it) {
  for (const auto* accept :
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
        "application/openmetrics-text; version=\"\"", "text/plain;q=0, */*",
        "text/*;q=0.2, application/*;q=0.3",
        "application/openmetrics-text;q=1, text/plain;q=0.9"})
    check_format(accept, format::openmetrics_1_0_0);
}

CAF_TEST(all other clients get the text format) {
  for (const auto* accept :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain",
        "application/openmetrics-text;q=0.5,text/plain;q=0.5",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=0", "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=x", "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=1x",
        "application/openmetrics-text;q=", ",;=,;q", "application/json",
        "application/vnd.google.protobuf;proto=x"})
    check_format(accept, format::text_0_0_4);
}

CAF_TEST(the escaping of the element that decides is taken over) {
  const std::string openmetrics = "application/openmetrics-text;version=1.0.0;";
  for (const std::string scheme :
       {"allow-utf-8", "underscores", "dots", "values"}) {
    check_escaping(
        openmetrics + "escaping=" + scheme + ";q=0.6,text/plain;q=0.3", scheme);
    check_escaping("text/plain; Escaping=\"" + scheme + "\"", scheme);
    check_escaping("*/*;escaping=" + scheme, scheme);
  }
  check_escaping(openmetrics + "escaping=dots;q=0.2,text/plain;escaping=values",
                 "values");
  check_escaping("text/plain;q=0.1;escaping=dots,text/plain;escaping=values",
                 "values");
}

CAF_TEST(no other escaping is taken over) {
  for (const auto* accept :
       {"", "text/plain", "text/plain;escaping=", "text/plain;escaping=DOTS",
        "text/plain;escaping=dots2", "text/plain;escaping=do\r\nts",
        "text/plain;q=0;escaping=dots", "text/plain;q=x;escaping=dots",
        "application/openmetrics-text;q=0.5,text/plain;q=0.4;escaping=dots",
        "application/json;escaping=dots",
        "text/plain;version=1.0.0;escaping=dots"})
    check_escaping(accept, "");
}

CAF_TEST(gzip is used unless the client prefers plain text) {
  for (const auto* accept :
       {"gzip", "x-gzip", "GZIP", "deflate, gzip", "*", "gzip;q=0.1",
        "gzip, identity", "gzip;q=0.5, identity;q=0.5", "br, *;q=0.5",
        "identity;q=0.2, gzip;q=0.3"})
    check_gzip(accept, true);
  for (const auto* accept :
       {"", "identity", "deflate", "gzip;q=0", "*;q=0", "gzip;q=0, *",
        "gzip;q=0.2, identity;q=0.3", "gzip;q=x", "gzipped"})
    check_gzip(accept, false);
}
