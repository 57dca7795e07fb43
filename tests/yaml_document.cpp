#define CAF_SUITE yaml_document

#include "config/config.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

using namespace betanet::config;
using namespace betanet::testing;

namespace {

std::string problems_of(const std::string& yaml) {
  try {
    parse_yaml(yaml, "f");
  } catch (const invalid& e) {
    return e.what();
  }
  return "none";
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

} // namespace

CAF_TEST(bytes that are not text are refused with their place) {
  const auto refusal = [](const std::string& place) {
    return place + ": the file is not text, YAML in UTF-8 is expected";
  };

  CAF_CHECK_EQUAL(problems_of({"\xff\xfe\0", 3}), refusal("f:1:1"));
  CAF_CHECK_EQUAL(problems_of({"a\0b", 3}), refusal("f:1:2"));
  CAF_CHECK_EQUAL(problems_of("cache: {}\n# \xc3\xa9\xc3("), refusal("f:2:4"));
  CAF_CHECK_EQUAL(problems_of("# \x1b[31m"), refusal("f:1:3"));
  CAF_CHECK_EQUAL(problems_of("\xef\xbb\xbf# a byte order mark\r\n"), "none");
}

CAF_TEST(brackets that nothing closes are refused before they are parsed) {
  CAF_CHECK_EQUAL(problems_of("a:\n" + std::string(1 << 24, '[')),
                  "f:2:33: nested in more than 32 levels");
  CAF_CHECK_EQUAL(
      problems_of(std::string(33, '[') + "\n a, b" + std::string(1000, '[')),
      "f:1:33: nested in more than 32 levels");
  CAF_CHECK_EQUAL(problems_of("# " + std::string(900, '[') + "\n"), "none");
}

CAF_TEST(a list of mistakes is told in part) {
  std::string yaml = "targets: [a";
  for (int i = 0; i < 200'000; ++i)
    yaml += ",a";
  const auto problems = problems_of(yaml + "]");
  CAF_CHECK_LESS(problems.size(), 10'000u);
  CHECK_CONTAINS(problems, "\nf: and more problems");
}

CAF_TEST(a file is at most thirty two levels deep) {
  CAF_CHECK_EQUAL(problems_of("a: " + nested(31)), "f:1:1: a: unknown key");
  CAF_CHECK_EQUAL(problems_of("a: " + nested(32)),
                  "f:1:35: nested in more than 32 levels");
  // an alias counts with the depth of what it stands for
  CAF_CHECK_EQUAL(problems_of("x: &x " + nested(20) +
                              "\ny: " + std::string(12, '[') + "*x"),
                  "f:2:16: nested in more than 32 levels");
  // yaml-cpp takes an unclosed list for a mapping in a list
  CAF_CHECK_EQUAL(problems_of(std::string(100'000, '[')).substr(0, 40),
                  "f:1:33: nested in more than 32 levels");
}

CAF_TEST(a file has at most a million nodes with its aliases) {
  std::string yaml = "a0: &a0 [0,0,0,0,0,0,0,0,0,0]\n";
  for (int i = 1; i < 10; ++i) {
    const auto alias = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 10; ++j)
      yaml += "," + alias;
    yaml += "]\n";
  }

  const auto problems = problems_of(yaml);

  CAF_CHECK_EQUAL(problems.substr(0, 4), "f:6:");
  CAF_CHECK(problems.ends_with(": more than 1000000 nodes"));
}

CAF_TEST(a file may have a million nodes) {
  const auto repeated = [](std::size_t n, const std::string& item) {
    std::string items;
    for (std::size_t i = 0; i < n; ++i)
      items += item + ",";
    return items;
  };
  // 1000 nodes in x and for each alias, and 4 for the mapping, its two keys
  // and the list of aliases
  const auto yaml = [&](std::size_t more, const std::string& item = "0") {
    return "x: &x [" + repeated(999, item) + "]\ny: [" + repeated(998, "*x") +
           repeated(more, "0") + "]";
  };

  CAF_CHECK_EQUAL(problems_of(yaml(996)),
                  "f:1:1: x: unknown key\nf:2:1: y: unknown key");
  for (const auto* item : {"0", "~"})
    CHECK_CONTAINS(problems_of(yaml(997, item)), ": more than 1000000 nodes");
}

CAF_TEST(an alias inside of its own anchor is refused) {
  CAF_CHECK_EQUAL(problems_of("targets: &x [*x]"),
                  "f:1:14: an alias inside of its own anchor");
}

CAF_TEST(a variable between braces needs quotation marks) {
  const auto hint = [](const std::string& name) {
    return "${" + name + "} between { } or [ ] needs quotation marks: \"${" +
           name + "}\"";
  };
  command c;
  c.env("BETANET_TEST_SET", "5s");

  CAF_CHECK_EQUAL(problems_of("cache: {ttl: ${BETANET_UNSET}}"),
                  "f:1:15: " + hint("BETANET_UNSET") +
                      "; the environment variable BETANET_UNSET is not set");
  CAF_CHECK_EQUAL(problems_of("retry:\n  delays: [ ${BETANET_TEST_SET} ]"),
                  "f:2:14: " + hint("BETANET_TEST_SET"));
  CAF_CHECK_EQUAL(problems_of("retry: {delays: [\n${BETANET_TEST_SET}]}"),
                  "f:2:2: " + hint("BETANET_TEST_SET"));
  CAF_CHECK_EQUAL(problems_of("cache: {ttl: \"${BETANET_UNSET}\"}"),
                  "f:1:14: cache.ttl: the environment variable BETANET_UNSET "
                  "is not set");
  CAF_CHECK_EQUAL(problems_of("cache: {ttl: \"${BETANET_TEST_SET}\"}"), "none");
}

CAF_TEST(a dollar sign without a name in braces stands for itself) {
  for (const std::string text :
       {"$", "$a", "${", "${}", "${a b}", "${1a}", "${a-b}", "${a", "a}$"})
    CAF_CHECK_EQUAL(parse_yaml("log: {file: \"" + text + "\"}", "f").log.file,
                    text);
}
