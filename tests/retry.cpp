#define CAF_SUITE retry

#include "metrics/retry.hpp"

#include "tests/suite.hpp"

using namespace betanet::metrics;
using namespace std::chrono_literals;

namespace {

const failure refused{reason::connect, "Connection refused"};

failure with_status(int status, duration retry_after = {}) {
  return {*reason_of_status(status), "", status, retry_after};
}

retry_plan seed_plan() {
  return {{1s, 2s, 4s}, 0, 15s};
}

} // namespace

CAF_TEST(retries follow after 1 2 and 4 seconds and then end) {
  const auto plan = seed_plan();

  CHECK_EQUAL(plan.next(1, refused, 0), duration{1s});
  CHECK_EQUAL(plan.next(2, refused, 0), duration{2s});
  CHECK_EQUAL(plan.next(3, refused, 0), duration{4s});
  CAF_CHECK(!plan.next(4, refused, 0));
}

CAF_TEST(without delays there is no retry) {
  CAF_CHECK(!(retry_plan{{}, 0, 15s}.next(1, refused, 0)));
}

CAF_TEST(only temporary failures are retried) {
  const auto plan = seed_plan();

  for (const auto why : {reason::dns, reason::connect, reason::reset,
                         reason::eof, reason::timeout, reason::local})
    CAF_CHECK(plan.next(1, {why, ""}, 0));
  for (const auto why : {reason::tls, reason::protocol, reason::too_large,
                         reason::encoding, reason::json, reason::schema})
    CAF_CHECK(!plan.next(1, {why, ""}, 0));
  for (const int status : {502, 503, 504})
    CAF_CHECK(plan.next(1, with_status(status), 0));
  for (const int status :
       {204, 301, 400, 401, 403, 404, 407, 429, 500, 501, 505})
    CAF_CHECK(!plan.next(1, with_status(status), 0));
}

CAF_TEST(retry after extends a pause up to the interval) {
  const auto plan = seed_plan();

  CHECK_EQUAL(plan.next(1, with_status(503, 3s), 0), duration{3s});
  CHECK_EQUAL(plan.next(3, with_status(503, 3s), 0), duration{4s});
  CHECK_EQUAL(plan.next(1, with_status(503, 15s), 0), duration{15s});
  CAF_CHECK(!plan.next(1, with_status(503, 16s), 0));
  CAF_CHECK(!plan.next(1, with_status(503, 24h), 0));
}

CAF_TEST(jitter varies a pause symmetrically) {
  auto plan = seed_plan();
  plan.jitter = 0.2;

  CHECK_EQUAL(plan.next(1, refused, -1), duration{800ms});
  CHECK_EQUAL(plan.next(1, refused, 0), duration{1s});
  CHECK_EQUAL(plan.next(1, refused, 1), duration{1200ms});
}
