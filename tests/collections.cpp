#define CAF_SUITE collections

#include "metrics/collections.hpp"

#include "tests/suite.hpp"

using namespace betanet::metrics;

namespace {

poll good(field f, double value) {
  poll p;
  p.result = quality::good;
  p.values[index(f)] = value;
  return p;
}

} // namespace

CAF_TEST(a collection finishes with its last poll) {
  collections c;
  c.start_poll(1);
  c.start_poll(1);

  CAF_CHECK(!c.finish_poll(1, good(field::total_nodes, 7)));
  CAF_CHECK(!c.first_finished());
  const auto read = c.finish_poll(1, good(field::bytes_transmitted, 8));

  CAF_REQUIRE(read);
  CHECK_EQUAL((*read)[index(field::total_nodes)], 7.0);
  CHECK_EQUAL((*read)[index(field::bytes_transmitted)], 8.0);
  CHECK_EQUAL((*read)[index(field::active_nodes)], std::nullopt);
  CAF_CHECK(c.first_finished());
}

CAF_TEST(a collection of bad polls has read nothing) {
  collections c;
  c.start_poll(1);

  CAF_CHECK(!c.finish_poll(1, poll{}));

  CAF_CHECK(c.first_finished());
}

CAF_TEST(a partial poll counts as read) {
  collections c;
  auto p = good(field::active_nodes, 5);
  p.result = quality::partial;
  c.start_poll(1);

  CAF_CHECK(c.finish_poll(1, p));
}

CAF_TEST(overlapping collections keep their values apart) {
  collections c;
  for (const auto tick : {1, 1, 2})
    c.start_poll(static_cast<std::uint64_t>(tick));

  c.finish_poll(1, good(field::total_nodes, 1));
  const auto second = c.finish_poll(2, good(field::total_nodes, 2));
  CAF_CHECK(!c.first_finished());
  const auto first = c.finish_poll(1, poll{});

  CAF_REQUIRE(first && second);
  CHECK_EQUAL((*second)[index(field::total_nodes)], 2.0);
  CHECK_EQUAL((*first)[index(field::total_nodes)], 1.0);
  CAF_CHECK(c.first_finished());
}

CAF_TEST(a probe belongs to no collection) {
  collections c;
  CAF_CHECK(!c.finish_poll(0, good(field::total_nodes, 7)));
}

CAF_TEST(a value that was not read is described by a dash) {
  reading r{};
  CHECK_EQUAL(describe(r), "nodes=-, connections=-, throughput=- bytes");

  r[index(field::total_nodes)] = 7;
  r[index(field::active_nodes)] = 0;
  r[index(field::bytes_transmitted)] = 9007199254740991;
  CHECK_EQUAL(describe(r), "nodes=7, connections=0, "
                           "throughput=9007199254740991 bytes");
}
