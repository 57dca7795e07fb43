#define CAF_SUITE fair_queue

#include "net/fair_queue.hpp"

#include "tests/suite.hpp"

using namespace betanet;

CAF_TEST(owners take turns and each gets its items in order) {
  net::fair_queue<int> q;
  for (const int i : {1, 2, 3})
    q.push("a", i);
  q.push("b", 10);
  q.push("c", 20);
  CAF_CHECK_EQUAL(q.size_of("a"), 3u);
  CAF_CHECK_EQUAL(q.size_of("d"), 0u);

  std::vector<int> order{*q.pop(), *q.pop()};
  q.push("b", 11); // "b" has had its turn: it comes after the others
  while (const auto next = q.pop())
    order.push_back(*next);

  CHECK_EQUAL(order, (std::vector<int>{1, 10, 20, 2, 11, 3}));
  CAF_CHECK(q.empty());
}
