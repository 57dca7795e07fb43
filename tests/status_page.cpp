#define CAF_SUITE status_page

#include "tests/page_view.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::testing;

CAF_TEST_FIXTURE_SCOPE(status_page_tests, page_view)

CAF_TEST(the page shows all values and escapes them) {
  auto& s = *add("<script>alert(1)</script>");
  auto& status = s.endpoints[0];
  status.last_result = metrics::quality::bad;
  status.last_failure =
      metrics::failure{metrics::reason::json, "</td><img src=x onerror=\"1\">"};
  status.breaker = metrics::breaker_state::open;
  status.breaker_since = metrics::wall_time{1732290000s};
  status.recent.back() = {metrics::quality::bad, 4};

  const auto a = pages::status(at(t0));

  CAF_CHECK_EQUAL(a.status, 200);
  CAF_CHECK_EQUAL(a.content_type, std::string{"text/html; charset=utf-8"});
  CAF_CHECK_NOT_EQUAL(std::string{a.fields}.find("default-src 'none'"),
                      std::string::npos);
  for (const std::string part :
       {"href=\"metrics\"", "href=\"health\"", "href=\"-/healthy\"",
        "href=\"-/ready\"", "href=\"config\"", "href=\"sd\"",
        "version <span data-kind=\"text\" data-path=\"[&quot;version&quot;]\">"
        "1.2.3</span>",
        "<h2>&lt;script&gt;alert(1)&lt;/script&gt;</h2>",
        "data-state=\"open\">open</b>", "2024-11-22 15:40:00 UTC",
        "&lt;/td&gt;&lt;img src=x onerror=&quot;1&quot;&gt;",
        "<i class=\"bad\" style=\"height:100%\" title=\"bad, attempts: 4\">",
        "fresh below 10 s, gone after 5 min 0 s", "in 15 s", "never",
        ">\u2013</span>"})
    if (a.body.find(part) == a.body.npos)
      CAF_FAIL("missing: " << part);
  CAF_CHECK_EQUAL(a.body.find("alert(1)</script>"), a.body.npos);
  CAF_CHECK_EQUAL(a.body.find("<img"), a.body.npos);
}

CAF_TEST(the page has no link to a path that needs POST) {
  const auto a = pages::status(at(t0));
  CAF_CHECK_EQUAL(a.body.find("href=\"-/reload\""), a.body.npos);
}

CAF_TEST(the page of an unknown target does not exist) {
  add("a");
  target = "b";
  CAF_CHECK_EQUAL(pages::status(at(t0)).status, 404);

  target = "a";
  CAF_CHECK_EQUAL(pages::status(at(t0)).status, 200);
}

CAF_TEST_FIXTURE_SCOPE_END()
