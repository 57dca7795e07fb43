#define CAF_SUITE nearest

#include "config/keys_impl.hpp"
#include "tests/suite.hpp"

using namespace betanet::config;

namespace {

using words = std::vector<std::string>;

std::string found(const std::string& name, const words& candidates) {
  return nearest(name, candidates).value_or("none");
}

std::string found(const std::string& name, const words& candidates,
                  std::size_t most) {
  return nearest(name, candidates, most).value_or("none");
}

} // namespace

CAF_TEST(a letter may be added or left out or replaced) {
  for (const auto* name : {"levels", "leve", "lexel", "evel", "xlevel"})
    CAF_CHECK_EQUAL(found(name, {"level"}, 1), "level");
  for (const auto* name : {"lev", "levelss", "lxxel", "xlevels", "vel"})
    CAF_CHECK_EQUAL(found(name, {"level"}, 1), "none");
}

CAF_TEST(two exchanged letters are two that differ) {
  CAF_CHECK_EQUAL(found("levle", {"level"}, 2), "level");
  CAF_CHECK_EQUAL(found("levle", {"level"}, 1), "none");
}

CAF_TEST(the candidate with fewest differences is found) {
  CAF_CHECK_EQUAL(found("file", {"fills", "files", "level"}), "files");
  CAF_CHECK_EQUAL(found("file", {"files", "filed"}), "files"); // the first
  CAF_CHECK_EQUAL(found("file", {}), "none");
}

CAF_TEST(up to half of the letters may differ) {
  CAF_CHECK_EQUAL(found("ab", {"ax"}), "ax");
  CAF_CHECK_EQUAL(found("ab", {"xy"}), "none");
  CAF_CHECK_EQUAL(found("abc", {"axy"}), "axy");
  CAF_CHECK_EQUAL(found("abc", {"xyz"}), "none");
  CAF_CHECK_EQUAL(found("abcd", {"abxy"}), "abxy");
  CAF_CHECK_EQUAL(found("abcd", {"axyz"}), "none");
}
