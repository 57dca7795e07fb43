#define CAF_SUITE types

#include "metrics/types.hpp"

#include "tests/suite.hpp"

#include <set>

using namespace betanet;
using namespace betanet::metrics;

namespace {

failure with_status(int status) {
  return {*reason_of_status(status), "", status};
}

} // namespace

CAF_TEST(reasons have the names that alerts refer to) {
  std::vector<std::string> names;
  for (const auto r : all_reasons)
    names.emplace_back(name(r));

  CHECK_EQUAL(names,
              (std::vector<std::string>{
                  "dns", "connect", "reset", "eof", "timeout", "http_2xx",
                  "http_3xx", "http_4xx", "http_5xx", "auth", "tls", "protocol",
                  "too_large", "encoding", "json", "schema", "local"}));
}

CAF_TEST(each status but 200 is a failure with a reason) {
  for (int status = 200; status < 600; ++status) {
    const bool refuses = status == 401 || status == 403 || status == 407;
    const auto expected = status == 200  ? ""
                          : refuses      ? "auth"
                          : status < 300 ? "http_2xx"
                          : status < 400 ? "http_3xx"
                          : status < 500 ? "http_4xx"
                                         : "http_5xx";

    const auto why = reason_of_status(status);

    CAF_CHECK_EQUAL(why ? name(*why) : "", expected);
  }
}

CAF_TEST(breaker states have the names and values that alerts refer to) {
  CAF_CHECK_EQUAL(name(breaker_state::closed), "closed");
  CAF_CHECK_EQUAL(name(breaker_state::open), "open");
  CAF_CHECK_EQUAL(name(breaker_state::half_open), "half_open");
  CAF_CHECK_EQUAL(index(breaker_state::closed), 0u);
  CAF_CHECK_EQUAL(index(breaker_state::open), 1u);
  CAF_CHECK_EQUAL(index(breaker_state::half_open), 2u);
}

CAF_TEST(qualities of polls have names) {
  CAF_CHECK_EQUAL(name(quality::good), "good");
  CAF_CHECK_EQUAL(name(quality::partial), "partial");
  CAF_CHECK_EQUAL(name(quality::bad), "bad");
}

CAF_TEST(each failure has its verdict) {
  CHECK_EQUAL(verdict_of({reason::json, ""}), verdict::success);
  CHECK_EQUAL(verdict_of({reason::schema, ""}), verdict::success);
  CHECK_EQUAL(verdict_of({reason::local, ""}), verdict::local);
  for (const auto why : {reason::dns, reason::connect, reason::reset,
                         reason::eof, reason::timeout, reason::tls,
                         reason::protocol, reason::too_large, reason::encoding})
    CHECK_EQUAL(verdict_of({why, ""}), verdict::failure);
  for (const int status : {500, 501, 502, 503, 504, 505, 599})
    CHECK_EQUAL(verdict_of(with_status(status)), verdict::failure);
  for (const int status :
       {201, 204, 301, 304, 400, 401, 403, 404, 407, 429, 499})
    CHECK_EQUAL(verdict_of(with_status(status)), verdict::neither);
}
