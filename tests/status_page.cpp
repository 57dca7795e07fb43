#define CAF_SUITE status_page

#include "pages/page_frame_impl.hpp"
#include "tests/page_view.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::testing;

namespace {

void check_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts)
    if (text.find(part) == text.npos)
      CAF_FAIL("missing: " << part);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(status_page_tests, page_view)

CAF_TEST(the page of one target shows all about it and escapes it) {
  auto& s = *add_failing("<script>alert(1)</script>", 5s);
  s.urls = std::make_shared<const metrics::endpoint_urls>(
      metrics::endpoint_urls{"http://a/?<&>", "http://a/n", "http://a/s"});
  auto& status = s.endpoints[0];
  status.last_failure->text = "</td><img src=x onerror=\"1\">";
  status.breaker = metrics::breaker_state::open;
  status.breaker_since = wall0 - 24h;
  s.courses[index(metrics::trend::peers)].push(7);

  const auto a = pages::status(at(t0 + 3min));

  CAF_CHECK_EQUAL(a.status, 200);
  CAF_CHECK_EQUAL(a.content_type, std::string{"text/html; charset=utf-8"});
  CHECK_CONTAINS(std::string{a.fields}, "default-src 'none'");
  check_has(
      a.body,
      {"href=\"metrics\"",
       "href=\"health\"",
       "href=\"-/healthy\"",
       "href=\"-/ready\"",
       "href=\"config\"",
       "href=\"sd\"",
       "<title>1 of 1 target down - Betanet exporter</title>",
       "<h1 data-state=\"down\">1 of 1 target down</h1>",
       "Betanet exporter 1.2.3, running for 3 min 0 s, 2024-11-22 15:43:00 UTC",
       "<h2><bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi> <b "
       "data-state=\"down\">",
       "since 15:40:05 UTC, for 2 min 55 s; metrics failed first",
       "http://a/?&lt;&amp;&gt;",
       "<td><b data-state=\"down\">down</b> <span class=\"dim\">since 15:40:05 "
       "UTC</span></td><td><b data-state=\"open\">open</b> <span "
       "class=\"dim\">since 2024-11-21 15:40:00 UTC</span></td>",
       "<td><b data-state=\"stale\">stale</b></td><td><b "
       "data-state=\"closed\">closed</b></td>",
       "&lt;/td&gt;&lt;img src=x onerror=&quot;1&quot;&gt;",
       "15:40:05 UTC, 2 min 55 s ago",
       "15:40:00 UTC <span class=\"dim\">3 min 0 s ago</span>",
       "Last polls: 1 good, 1 bad",
       "<dt>Peers</dt><dd>7<svg",
       "<dt>Loss</dt><dd>-<svg aria-hidden",
       "fresh for 10 s",
       "for 5 min 0 s without"});
  CHECK_NOT_CONTAINS(a.body, "alert(1)</script>");
  CHECK_NOT_CONTAINS(a.body, "<img");
  CHECK_NOT_CONTAINS(a.body, "last answered by"); // it has no replicas
}

CAF_TEST(the headline counts what is down and what is stale) {
  const auto headline = [&] {
    const auto body = pages::status(at(t0)).body;
    const auto begin = body.find("<title>") + 7;
    return body.substr(begin, body.find(" - Betanet exporter<") - begin);
  };
  CAF_CHECK_EQUAL(headline(), "No targets");

  add_good("a");
  CAF_CHECK_EQUAL(headline(), "1 target up");
  add_good("b");
  CAF_CHECK_EQUAL(headline(), "All 2 targets up");
  add("c");
  CAF_CHECK_EQUAL(headline(), "1 of 3 targets waiting");
  add_good("d")->endpoints[0].refused = true;
  CAF_CHECK_EQUAL(headline(), "1 of 4 targets stale");
  add_failing("e", 5s);
  CAF_CHECK_EQUAL(headline(), "1 of 5 targets down, 1 stale");
  all.targets[3].second = add_failing("f", 5s);
  CAF_CHECK_EQUAL(headline(), "3 of 6 targets down");
}

CAF_TEST(a target whose endpoints fail together blames none) {
  auto& s = *add_failing("a", 5s);
  for (auto& e : s.endpoints) {
    e.last_result = metrics::quality::bad;
    e.failing_since = wall0 + 5s;
  }
  s.endpoints[0].failing_since += 999ms;
  const auto body = pages::status(at(t0 + 10s)).body;
  CHECK_CONTAINS(body, "all endpoints failed together");
  CAF_CHECK_LESS(body.find("<th scope=\"row\">metrics"),
                 body.find("<th scope=\"row\">nodes_status"));
  s.endpoints[0].failing_since -= 999ms;
  s.endpoints[2].failing_since += 999ms;

  s.endpoints[2].failing_since += 1ms;
  CHECK_CONTAINS(pages::status(at(t0 + 10s)).body,
                 "metrics and nodes_status failed first");
}

CAF_TEST(a value of an earlier poll is marked until it is stale) {
  auto& s = *add_good("a");
  metrics::poll p;
  p.result = metrics::quality::good;
  p.values[index(metrics::field::total_nodes)] = 7;
  s.apply(endpoint::nodes_status, p, t0);
  const metrics::poll bad;
  s.endpoints[index(endpoint::nodes_status)].record(bad, t0 + 15s, wall0 + 15s);
  s.apply(endpoint::nodes_status, bad, t0 + 15s);

  CHECK_CONTAINS(pages::status(at(t0 + 16s)).body,
                 "<dt>Peers</dt><dd><span class=\"old\" title=\"as last "
                 "read\">7</span><svg");
  CHECK_CONTAINS(pages::status(at(t0 + 5min + 1ns)).body,
                 "<dt>Peers</dt><dd>-<svg");
}

CAF_TEST(failing targets come first with what failed first on top) {
  add_good("good");
  auto& s = *add_failing("late", 9s);
  add_failing("early", 5s);
  s.endpoints[2].failing_since = wall0 + 7s;
  s.endpoints[2].last_result = metrics::quality::bad;

  const auto body = pages::status(at(t0 + 10s)).body;

  std::size_t at = 0;
  for (const auto* part :
       {"<h2>Failing</h2>",
        "<tr class=\"target\"><th colspan=\"6\" scope=\"rowgroup\">",
        "?target=early", "metrics failed first", "?target=late",
        "since 15:40:07 UTC, for 3 s; network_stats failed",
        "<th scope=\"row\">network_stats", "<th scope=\"row\">metrics",
        "<th scope=\"row\">nodes_status", "<h2>Up</h2>", "?target=good"}) {
    at = body.find(part, at);
    if (at == body.npos)
      CAF_FAIL("not in this place: " << part);
  }
}

CAF_TEST(a healthy target is one line with its values and their courses) {
  auto& s = *add_good("a");
  add_good("b");
  using metrics::trend;
  s.courses[index(trend::peers)].push(1234);
  s.courses[index(trend::active_mixnodes)].push(5);
  s.courses[index(trend::throughput)].push(1500);
  s.courses[index(trend::loss)].push(0.001);
  s.courses[index(trend::latency)].push(45);

  const auto body = pages::status(at(t0)).body;

  const auto begin = body.find("<tr><th scope=\"row\"><a href=\"?target=a\"");
  CAF_REQUIRE_NOT_EQUAL(begin, body.npos);
  const auto line = body.substr(begin, body.find('\n', begin) - begin);
  check_has(line, {"><bdi>a</bdi></a></th><td>1,234<svg", "<td>5<svg",
                   "<td>1.50 kB/s<svg", "<td>0.10 %<svg", "<td>45 ms<svg"});
  CHECK_CONTAINS(body, "<td>-<svg aria-hidden");
}

CAF_TEST(a target that waits for its first polls is listed as waiting) {
  add_good("a");
  add("b");

  const auto body = pages::status(at(t0)).body;

  check_has(body, {"<h2>Up or waiting</h2>",
                   ">b</bdi></a> <b data-state=\"waiting\">waiting</b>"});
}

CAF_TEST(no collection is announced while all breakers are open) {
  auto& s = *add_failing("a", 5s);
  s.next_tick = t0 + 15s;
  for (const auto e : {0, 1})
    s.endpoints[e].breaker = metrics::breaker_state::open;
  check_has(pages::status(at(t0)).body, {"Next collection in 15 s; values"});

  s.endpoints[2].breaker = metrics::breaker_state::half_open;
  check_has(pages::status(at(t0)).body,
            {"No collections until a probe succeeds: all circuit breakers are "
             "open; values"});
}

CAF_TEST(overdue collections are shown) {
  add_good("a")->next_tick = t0;
  const std::string alarm = "collections are overdue";

  CHECK_NOT_CONTAINS(pages::status(at(t0 + 30s)).body, alarm);
  check_has(pages::status(at(t0 + 30s + 1ns)).body, {alarm});
}

CAF_TEST(a long error is cut between characters) {
  auto& text = add_failing("a", 5s)->endpoints[0].last_failure->text;
  text = std::string(239, 'x');
  for (int i = 0; i < 200; ++i)
    text += "\xC3\xA9";

  const auto body = pages::status(at(t0)).body;

  check_has(body, {"<td>" + std::string(239, 'x') + "... <span"});
}

CAF_TEST(an error of the longest length is shown whole) {
  auto& text = add_failing("a", 5s)->endpoints[0].last_failure->text;

  text = std::string(240, 'x');
  check_has(pages::status(at(t0)).body, {"<td>" + text + " <span"});

  text += "x";
  check_has(pages::status(at(t0)).body,
            {"<td>" + std::string(240, 'x') + "... <span"});
}

CAF_TEST(an error that is not text is cut as a whole) {
  add_failing("a", 5s)->endpoints[0].last_failure->text =
      std::string(241, '\x80');

  check_has(pages::status(at(t0)).body, {"<td>... <span"});
}

CAF_TEST(a target without a name or any poll is shown with all its gaps) {
  auto& s = *add();
  s.rules.max_stale.reset();
  s.next_tick = t0;
  const auto contents = [&](metrics::time_point now) {
    const auto body = pages::status(at(now)).body;
    const auto begin = body.find("<main>\n") + 7;
    return body.substr(begin, body.find("</main>") - begin);
  };
  const auto row = [](const std::string& name) {
    return "<tr><th scope=\"row\">" + name +
           "</th><td><b data-state=\"waiting\">waiting</b></td><td><b "
           "data-state=\"closed\">closed</b></td><td>never</td><td>-</td>"
           "<td>none</td></tr>\n";
  };
  const auto value = [](const std::string& name) {
    return "<div><dt>" + name +
           "</dt><dd>-<svg aria-hidden=\"true\"></svg></dd></div>\n";
  };

  CAF_CHECK_EQUAL(
      contents(t0),
      "<section>\n<h2>Betanet <b data-state=\"waiting\">waiting</b></h2>\n"
      "<dl>\n" +
          value("Peers") + value("Active mixnodes") + value("Throughput") +
          value("Loss") + value("Latency") +
          "</dl>\n<table class=\"endpoints\">\n<thead><tr><th scope=\"col\">"
          "Endpoint</th><th scope=\"col\">State</th><th scope=\"col\">Breaker"
          "</th><th scope=\"col\">Last good poll</th><th scope=\"col\">Last "
          "polls</th><th scope=\"col\">Last error</th></tr></thead>\n<tbody>"
          "\n" +
          row("metrics") + row("nodes_status") + row("network_stats") +
          "</tbody>\n</table>\n<p class=\"dim\">Next collection in 0 s; values "
          "are fresh for 10 s and shown until the exporter ends.</p>\n"
          "</section>\n");
  CHECK_CONTAINS(contents(t0 + 1ns), "Next collection overdue; values");
}

CAF_TEST(the filter is shown and kept by the links to other pages) {
  for (int i = 0; i < 401; ++i)
    add_good("eu&" + std::to_string(i));
  filter = "u&";
  page = "2";

  const auto body = pages::status(at(t0)).body;

  check_has(body, {"value=\"u&amp;\"", "401 of 401 targets match <b>u&amp;</b>",
                   "Targets 201 to 400 of 401",
                   "href=\"?filter=u%26&amp;page=3\">Next",
                   "href=\"?filter=u%26&amp;page=1\">Previous"});
}

CAF_TEST(each page of a long list links to the others) {
  const auto links = [&](const std::string& number) {
    page = number;
    const auto body = pages::status(at(t0)).body;
    const auto begin = body.find("<nav aria-label=\"Pages\">");
    if (begin == body.npos)
      return std::string{"none"};
    const auto end = body.find("</nav>", begin);
    CAF_CHECK_EQUAL(body.find(body.substr(begin, end - begin), end) ==
                        body.npos,
                    false); // above and below the list
    return body.substr(begin + 24, end - begin - 24);
  };
  for (int i = 0; i < 200; ++i)
    add_good(std::to_string(i));
  CAF_CHECK_EQUAL(links("1"), "none");

  for (int i = 200; i < 601; ++i)
    add_good(std::to_string(i));

  CAF_CHECK_EQUAL(links("1"),
                  "<span class=\"dim\">Targets 1 to 200 of 601</span>"
                  "<a href=\"?page=2\">Next</a><a href=\"?page=4\">Last</a>");
  CAF_CHECK_EQUAL(links("3"),
                  "<span class=\"dim\">Targets 401 to 600 of 601</span>"
                  "<a href=\"?page=1\">First</a><a href=\"?page=2\">Previous"
                  "</a><a href=\"?page=4\">Next</a><a href=\"?page=4\">Last"
                  "</a>");
  CAF_CHECK_EQUAL(links("4"),
                  "<span class=\"dim\">Targets 601 to 601 of 601</span>"
                  "<a href=\"?page=1\">First</a><a href=\"?page=3\">Previous"
                  "</a>");
}

CAF_TEST(the icon has the colour of the worst state) {
  const auto colour = [&] {
    const auto body = pages::status(at(t0)).body;
    const auto begin = body.find("fill='%23") + 9;
    return body.substr(begin, body.find('\'', begin) - begin);
  };

  add_good("a");
  CAF_CHECK_EQUAL(colour(), "1f9d55");
  add("b");
  CAF_CHECK_EQUAL(colour(), "888");
  add_good("c")->endpoints[0].refused = true;
  CAF_CHECK_EQUAL(colour(), "d08a00");
  add_failing("d", 5s);
  CAF_CHECK_EQUAL(colour(), "c2252f");
}

CAF_TEST(a list can be filtered and one target cannot) {
  const auto has_filter = [&] {
    return pages::status(at(t0)).body.find("<input id=\"filter\"") !=
           std::string::npos;
  };

  add_good("a");
  CAF_CHECK(!has_filter());
  add_good("b");
  CAF_CHECK(has_filter());
  target = "a";
  CAF_CHECK(!has_filter());
}

CAF_TEST(the page has its style and its script) {
  const auto body = pages::status(at(t0)).body;

  CHECK_CONTAINS(body, "<style>" + std::string{pages::page_style} +
                           "</style>\n</head>\n<body>\n<header>");
  CAF_CHECK(body.ends_with("<script>" + std::string{pages::page_script} +
                           "</script>\n</body>\n</html>\n"));
}

CAF_TEST(the page of ten thousand targets is smaller than a megabyte) {
  const std::string base = "http://betanet-0123.region.example.org:9000/prefix";
  for (int i = 0; i < 10000; ++i) {
    auto& s = *add_failing("betanet-in-some-region-" + std::to_string(i), 5s);
    s.urls =
        std::make_shared<const metrics::endpoint_urls>(metrics::endpoint_urls{
            base + "/api/v1/metrics", base + "/api/v1/nodes/status",
            base + "/api/v1/network/stats"});
    for (auto& e : s.endpoints) {
      e.last_failure =
          metrics::failure{metrics::reason::connect, std::string(240, 'x')};
      for (auto& p : e.recent)
        p = {metrics::quality::bad, 4};
    }
  }
  CAF_CHECK_LESS(pages::status(at(t0)).body.size(), 1000000u);

  all.targets.clear();
  for (int i = 0; i < 10000; ++i) {
    auto& s = *add_good("betanet-in-some-region-" + std::to_string(i));
    for (auto& c : s.courses)
      for (int n = 0; n < 20; ++n)
        c.push(n % 3);
  }
  CAF_CHECK_LESS(pages::status(at(t0)).body.size(), 1000000u);
}

CAF_TEST(the page names the replica that answered last) {
  auto& s = *add_failing("eu", 5s);
  make_replicated(s);
  s.endpoints[0].answered_by = 1;

  const auto body = pages::status(at(t0)).body;

  check_has(body, {"<span class=\"url\">last answered by http://b/m</span>",
                   "<span class=\"url\">last answered by http://a/n</span>"});
}

CAF_TEST(the page has no link to a path that needs POST) {
  const auto a = pages::status(at(t0));

  CHECK_NOT_CONTAINS(a.body, "href=\"-/reload\"");
}

CAF_TEST(the page of an unknown target does not exist) {
  add("a");
  target = "b";
  CAF_CHECK_EQUAL(pages::status(at(t0)).status, 404);

  target = "a";
  const auto known = pages::status(at(t0));
  CAF_CHECK_EQUAL(known.status, 200);
  CHECK_CONTAINS(known.body,
                 "<main>\n<p><a href=\"?\">All targets</a></p>\n<section>");
}

CAF_TEST_FIXTURE_SCOPE_END()
