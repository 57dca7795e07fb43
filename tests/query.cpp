#define CAF_SUITE query

#include "net/query.hpp"

#include "tests/suite.hpp"

using namespace betanet::net;

namespace {

std::string target(const char* query) {
  return query_value(query, "target").value_or("none");
}

} // namespace

CAF_TEST(the first parameter with a name is used) {
  CAF_CHECK_EQUAL(target("target=eu-1"), "eu-1");
  CAF_CHECK_EQUAL(target("a=b&target=x&target=y"), "x");
  CAF_CHECK_EQUAL(target("target"), "");
  for (const auto* other : {"", "a=b", "targets=x", "&&=&", "Target=x"})
    CAF_CHECK_EQUAL(target(other), "none");
}

CAF_TEST(names and values are decoded) {
  CAF_CHECK_EQUAL(target("target=a+b%20c%2Fd"), "a b c/d");
  CAF_CHECK_EQUAL(target("target=%41%2f%7A"), "A/z");
  CAF_CHECK_EQUAL(target("%74arget=x"), "x");
  CAF_CHECK_EQUAL(target("target=%zz%4"), "%zz%4");
}
