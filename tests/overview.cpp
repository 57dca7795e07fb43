#define CAF_SUITE overview

#include "pages/overview_impl.hpp"
#include "tests/page_view.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::testing;
using pages::state;

namespace {

struct overview_fixture : page_view {
  std::vector<std::string> names_of(const pages::overview& o) {
    std::vector<std::string> all;
    for (const auto& t : o.shown)
      all.push_back(*t.name);
    return all;
  }

  pages::overview survey() { return pages::survey(at(t0)); }
};

using names = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(overview_tests, overview_fixture)

CAF_TEST(what has failed first comes first and healthy targets last) {
  add_good("a");
  add_failing("b", 20s);
  add("c");
  add_failing("d", 10s);
  add_good("e");
  add_good("f")->endpoints[0].refused = true;

  const auto o = survey();

  CHECK_EQUAL(names_of(o), (names{"d", "b", "f", "c", "a", "e"}));
  CHECK_EQUAL(o.counts, (std::array<std::size_t, 4>{2, 1, 1, 2}));
  CHECK_EQUAL(o.total, 6u);
}

CAF_TEST(a target is down while an endpoint is even if others are waiting) {
  add("a")->endpoints[1].last_result = metrics::quality::bad;
  CHECK_EQUAL(survey().shown.at(0).state, state::down);
}

CAF_TEST(the filter finds names and states and URLs and errors) {
  add_good("EU-1")->urls = std::make_shared<const metrics::endpoint_urls>(
      metrics::endpoint_urls{"http://a:9000/x", "http://a/y", "http://a/z"});
  add_failing("us-1", 10s)->endpoints[0].last_failure->text = "Timed out";
  const auto found = [&](const std::string& text) {
    filter = text;
    const auto o = survey();
    CHECK_EQUAL(o.matching, o.shown.size());
    CHECK_EQUAL(o.total, 2u);
    return names_of(o);
  };

  CHECK_EQUAL(found("eu-"), names{"EU-1"});
  CHECK_EQUAL(found("DOWN"), names{"us-1"});
  CHECK_EQUAL(found("9000"), names{"EU-1"});
  CHECK_EQUAL(found("timed"), names{"us-1"});
  CHECK_EQUAL(found("-1"), (names{"us-1", "EU-1"}));
  CHECK_EQUAL(found("nowhere"), names{});
}

CAF_TEST(the filter takes capitals of ASCII for small letters) {
  add_good("AZ[");

  for (const auto* text : {"az[", "AZ[", "aZ"}) {
    filter = text;
    CHECK_EQUAL(survey().matching, 1u);
  }
  for (const auto* text : {"az{", "bz"}) {
    filter = text;
    CHECK_EQUAL(survey().matching, 0u);
  }
}

CAF_TEST(the filter finds the addresses of replicas) {
  auto& s = *add_good("eu");
  make_replicated(s);

  filter = "http://b";
  CHECK_EQUAL(survey().matching, 1u);
  filter = "http://c";
  CHECK_EQUAL(survey().matching, 0u);
}

CAF_TEST(the filter does not find errors that are over) {
  add_failing("a", 10s)->endpoints[0].failing_since = {};
  filter = "refused";
  CHECK_EQUAL(survey().matching, 0u);
}

CAF_TEST(many targets are shown page by page) {
  for (int i = 0; i < 401; ++i)
    add_good(std::to_string(1000 + i));
  const auto shown = [&](const std::string& number) {
    page = number;
    const auto o = survey();
    CHECK_EQUAL(o.pages, 3u);
    return std::pair{*o.shown.front().name, o.shown.size()};
  };
  using found = std::pair<std::string, std::size_t>;

  for (const auto* first : {"", "1", "0", "-1", "x", "99999999999999999999"})
    CHECK_EQUAL(shown(first), (found{"1000", 200}));
  CHECK_EQUAL(shown("2"), (found{"1200", 200}));
  CHECK_EQUAL(shown("3"), (found{"1400", 1}));
  CHECK_EQUAL(shown("4"), (found{"1400", 1}));
}

CAF_TEST(no targets are one empty page) {
  const auto o = survey();

  CHECK_EQUAL(o.pages, 1u);
  CHECK_EQUAL(o.shown.size(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
