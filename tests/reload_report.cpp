#define CAF_SUITE reload_report

#include "actors/reload_report.hpp"

#include "tests/suite.hpp"

using namespace betanet;

CAF_TEST(at most ten names are listed) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i)
    names.push_back(std::string{static_cast<char>('a' + i)});

  CAF_CHECK_EQUAL(list_names({}), "");
  CAF_CHECK_EQUAL(list_names({"a"}), "a");
  CAF_CHECK_EQUAL(list_names(names), "a, b, c, d, e, f, g, h, i, j");
  names.insert(names.end(), {"k", "l"});
  CAF_CHECK_EQUAL(list_names(names), "a, b, c, d, e, f, g, h, i, j and 2 more");
}

CAF_TEST(the answer to a reload names what has changed) {
  CAF_CHECK_EQUAL(describe({}, 2), "Reloaded, targets: 2\n");
  CAF_CHECK_EQUAL(describe({{"a", "b"}, {"c"}, {"d"}, {"log.level"}}, 3),
                  "Reloaded, targets: 3\nAdded: a, b\nRemoved: c\nChanged: d\n"
                  "Waiting for a restart: log.level\n");
}

CAF_TEST(the target without a name is named by its URL) {
  CAF_CHECK_EQUAL(label_of(config::unnamed_target({}, "https://x/p")),
                  "https://x:443/p");
}
