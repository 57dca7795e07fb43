#define CAF_SUITE basic_auth

#include "net/basic_auth.hpp"

#include "tests/suite.hpp"

using namespace betanet::net;
using namespace std::string_literals;

namespace {

/// Bcrypt hashes of `alice123` with the costs 4 and 10, made with Python's
/// crypt module.
constexpr auto cost_4 =
    "$2b$04$abcdefghijklmnopqrstuuCiRP6uwuebOgMsb3sB1n0pjVVBf0O3K";
constexpr auto cost_10 =
    "$2b$10$abcdefghijklmnopqrstuuAuXeCk6cDyT9B/LbcW23Nl3ca8XWmMS";

std::string user_and_password(const std::string& header) {
  const auto l = parse_basic_auth(header);
  return l ? l->user + "|" + l->password : "none";
}

} // namespace

CAF_TEST(a login is read) {
  CAF_CHECK_EQUAL(user_and_password("Basic YWxpY2U6YWxpY2UxMjM="),
                  "alice|alice123");
  CAF_CHECK_EQUAL(user_and_password("basic   YWxpY2U6YWxpY2UxMjM="),
                  "alice|alice123");
  CAF_CHECK_EQUAL(user_and_password("BASIC YTpiOmM="), "a|b:c");
  CAF_CHECK_EQUAL(user_and_password("Basic Og=="), "|");
}

CAF_TEST(invalid logins are rejected) {
  for (const auto* header :
       {"", "Basic", "Basic ", "Bearer YTpi", "Basic YWJj" /* no colon */,
        "Basic YTpi=", "Basic YTp", "Basic YT pi", "Basic !!!!", "Basic ====",
        "Basic YTpi YTpi", "BasicYTpiYQ==", "Basic YQBiOmM=" /* NUL */,
        "Basic YTpiAA==" /* NUL */, "Basic YTpi\xff\xff\xff\xff"})
    CAF_CHECK_EQUAL(user_and_password(header), "none");
  CAF_CHECK_EQUAL(user_and_password("Basic " + std::string(8000, 'A')), "none");
}

CAF_TEST(only the right password matches its hash) {
  for (const auto* hash : {cost_4, cost_10}) {
    CAF_CHECK(matches("alice123", hash));
    CAF_CHECK(!matches("alice124", hash));
    CAF_CHECK(!matches("", hash));
  }

  std::string other_spelling = cost_4;
  other_spelling[2] = 'y';
  CAF_CHECK(matches("alice123", other_spelling));
  CAF_CHECK(!matches("alice123", "no hash"));
  CAF_CHECK(!matches("", ""));
}

CAF_TEST(the cost of a hash is read and a decoy hash has the given cost) {
  CAF_CHECK_EQUAL(cost_of(cost_4), 4);
  CAF_CHECK_EQUAL(cost_of(cost_10), 10);

  for (const int cost : {4, 9, 10, 13})
    CAF_CHECK_EQUAL(cost_of(decoy_hash(cost)), cost);
  CAF_CHECK_EQUAL(decoy_hash(4).size(), std::string{cost_4}.size());
  CAF_CHECK(!matches("alice123", decoy_hash(4)));
}

CAF_TEST(different logins have different digests) {
  // CVE-2022-46146: names and passwords with equal concatenations
  const std::vector<std::pair<login, std::string>> all{
      {{"a", "bc"}, "h"}, {{"ab", "c"}, "h"},   {{"a", "b"}, "ch"},
      {{"", "abc"}, "h"}, {{"abc", ""}, "h"},   {{"a", "hbc"}, ""},
      {{"1:a", "b"}, ""}, {{"a", "1:hbc"}, ""}, {{"a", "bc"}, "i"}};

  for (const auto& [l, hash] : all)
    for (const auto& [m, other] : all)
      CAF_CHECK_EQUAL(digest_of(l, hash) == digest_of(m, other), &l == &m);

  CAF_CHECK_EQUAL(digest_of({"a", "b"}, "h"), digest_of({"a", "b"}, "h"));
  CAF_CHECK_EQUAL(digest_of({"a", "b"}, "h").size(), 32u);
  CHECK_NOT_CONTAINS(digest_of({"a", "secret"}, "h"), "secret");
}
