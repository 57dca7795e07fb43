#define CAF_SUITE http_front

#include "actors/http_front.hpp"

#include "tests/fixture.hpp"

#include <boost/json.hpp>

using namespace betanet;
using namespace betanet::testing;

namespace {

/// A request whose answer is kept.
struct fake_exchange : net::exchange {
  net::request request;
  std::vector<std::shared_ptr<const net::message>> answers;

  const net::request& what() const override { return request; }
  void respond(std::shared_ptr<const net::message> m) override {
    answers.push_back(std::move(m));
  }

  int status() const {
    CAF_REQUIRE_EQUAL(answers.size(), 1u);
    return answers[0]->status();
  }
  std::string body() const { return std::string{answers.at(0)->body()}; }
  bool head_has(const std::string& part) const {
    return answers.at(0)->head().find(part) != std::string::npos;
  }
};

struct front_fixture : fixture {
  front_fixture() {
    targets.emplace_back(std::string{},
                         std::make_shared<metrics::snapshot>(
                             metrics::freshness_rules{15s, 5s, 10s, 5min},
                             std::make_shared<const std::vector<double>>(),
                             now()));
    store = sys.spawn([this]() -> cache_actor::behavior_type {
      return {
          [](atom::add, const std::string&, const snapshot_ptr&) {},
          [](atom::drop, const std::string&) {},
          [](atom::reload, const metrics::reload_status&) {},
          [](atom::put, const std::string&, const snapshot_ptr&) {},
          [](atom::restore, const std::string&) { return snapshot_ptr{}; },
          [this](atom::render, const page_query& q) {
            queries.push_back(q);
            metrics::page p{"page " + std::to_string(queries.size()) + "\n"};
            p.empty = q.target == "gone";
            return q.target == "unknown"
                       ? page_ptr{}
                       : std::make_shared<const metrics::page>(p);
          },
          [this](atom::count) {
            census c;
            c.ready = ready;
            for (const auto& [name, s] : targets)
              c.targets.emplace_back(name, s);
            return census_ptr{std::make_shared<census>(c)};
          },
      };
    });
    owner = sys.spawn([this]() -> operator_actor::behavior_type {
      return {[this](atom::reload) { return reload_problems; },
              [](atom::describe) { return std::string{"targets: []\n"}; }};
    });
    aut = sys.spawn(http_front, front_settings{"/metrics", 40, "1.2.3"}, store,
                    owner);
    consume_messages();
  }

  ~front_fixture() {
    kill(aut);
    kill(store);
    kill(owner);
  }

  std::shared_ptr<fake_exchange> send(const std::string& target,
                                      net::method method = net::method::get) {
    const auto e = std::make_shared<fake_exchange>();
    const auto mark = std::min(target.find('?'), target.size());
    e->request.path = target.substr(0, mark);
    e->request.query = target.substr(std::min(mark + 1, target.size()));
    e->request.accept = accept;
    e->request.accept_encoding = accept_encoding;
    e->request.host = "exporter:9200";
    e->request.method = method;
    e->request.stats = stats;
    caf::anon_send(aut, atom::serve_v, exchange_ptr{e}, granted);
    return e;
  }

  std::shared_ptr<fake_exchange> get(const std::string& path,
                                     net::method method = net::method::get) {
    const auto e = send(path, method);
    consume_messages();
    return e;
  }

  boost::json::object health() {
    return boost::json::parse(get("/health")->body()).as_object();
  }

  net::server_stats stats;
  admission granted = admission::all;
  std::string accept, accept_encoding;
  bool ready = false;
  std::vector<std::pair<std::string, std::shared_ptr<metrics::snapshot>>>
      targets;
  std::vector<page_query> queries;
  cache_actor store;
  std::string reload_problems;
  operator_actor owner;
  http_front_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(front_tests, front_fixture)

CAF_TEST(a scrape gets the page of the cache) {
  const auto e = get("/metrics");
  CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK_EQUAL(e->body(), "page 1\n");
  CAF_CHECK(e->head_has("Content-Type: text/plain; version=0.0.4; "
                        "charset=utf-8\r\n"));
  CAF_CHECK(e->head_has("Content-Length: 7\r\n"));
}

CAF_TEST(a page serves a tenth of a second and then a new one is asked for) {
  get("/metrics");
  advance(100ms - 1ns);
  CAF_CHECK_EQUAL(get("/metrics")->body(), "page 1\n");
  advance(1ns);
  CAF_CHECK_EQUAL(get("/metrics")->body(), "page 2\n");
  CAF_REQUIRE_EQUAL(queries.size(), 2u);
  CAF_CHECK_EQUAL(queries[0].scrapes, 0u);
  CAF_CHECK_EQUAL(queries[1].scrapes, 2u);
}

CAF_TEST(scrapes that arrive together wait for one page) {
  std::vector<std::shared_ptr<fake_exchange>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(send("/metrics"));
  consume_messages();
  for (const auto& e : all)
    CAF_CHECK_EQUAL(e->body(), "page 1\n");
  CAF_CHECK_EQUAL(queries.size(), 1u);
  advance(1s);
  get("/metrics");
  CAF_CHECK_EQUAL(queries.at(1).scrapes, 100u);
}

CAF_TEST(each form of the page is asked for once) {
  for (const auto* format : {"", "application/openmetrics-text"})
    for (const auto* encoding : {"", "gzip"}) {
      accept = format;
      accept_encoding = encoding;
      const auto first = get("/metrics");
      CAF_CHECK_EQUAL(first->body(), get("/metrics")->body());
      CAF_CHECK(first->head_has("\r\nVary: Accept, Accept-Encoding\r\n"));
      CAF_CHECK_EQUAL(first->head_has("\r\nContent-Encoding: gzip\r\n"),
                      accept_encoding == "gzip");
      CAF_CHECK(first->head_has(
          accept.empty() ? "text/plain; version=0.0.4; charset=utf-8\r\n"
                         : "application/openmetrics-text; version=1.0.0; "
                           "charset=utf-8\r\n"));
      const auto& q = queries.back();
      CAF_CHECK_EQUAL(q.compressed, accept_encoding == "gzip");
      CAF_CHECK((q.format == net::format::openmetrics_1_0_0) != accept.empty());
    }
  CAF_CHECK_EQUAL(queries.size(), 4u);
  CAF_CHECK_EQUAL(queries[3].scrapes, 2u);
}

CAF_TEST(one target can be scraped alone) {
  const auto found = get("/metrics?target=eu%201");
  CAF_CHECK_EQUAL(found->status(), 200);
  CAF_CHECK(queries.back().target == "eu 1");
  CAF_CHECK_EQUAL(get("/metrics?target=unknown")->status(), 404);
  CAF_CHECK_EQUAL(get("/metrics?target=gone")->status(), 503);
  CAF_CHECK_EQUAL(get("/metrics?other=x")->status(), 200);
  CAF_CHECK(!queries.back().target);
}

CAF_TEST(Prometheus discovers the targets) {
  targets[0].first = "eu-\"1\"";
  const auto e = get("/sd");
  CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK(e->head_has("Content-Type: application/json\r\n"));
  CAF_CHECK_EQUAL(e->body(), R"([{"targets":["exporter:9200"],"labels":)"
                             R"({"__param_target":"eu-\"1\""}}])"
                             "\n");
}

CAF_TEST(health describes one target when asked) {
  targets.emplace_back("b", targets[0].second);
  const auto one = boost::json::parse(get("/health?target=b")->body());
  CAF_CHECK_EQUAL(one.at("targets_total").as_int64(), 2);
  CAF_REQUIRE_EQUAL(one.at("targets").as_array().size(), 1u);
  CAF_CHECK(one.at("targets").at(0).at("name").as_string() == "b");
  CAF_CHECK_EQUAL(get("/health?target=c")->status(), 404);
}

CAF_TEST(a reload is asked for by POST and says what was wrong) {
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 200);
  reload_problems = "f.yml:1:1: a: unknown key";
  const auto refused = get("/-/reload", net::method::post);
  CAF_CHECK_EQUAL(refused->status(), 500);
  CAF_CHECK_EQUAL(refused->body(), "f.yml:1:1: a: unknown key\n");
  const auto read = get("/-/reload");
  CAF_CHECK_EQUAL(read->status(), 405);
  CAF_CHECK(read->head_has("\r\nAllow: POST\r\n"));
  kill(owner);
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 500);
}

CAF_TEST(the running configuration is shown) {
  const auto e = get("/config");
  CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK(e->head_has("Content-Type: text/yaml; charset=utf-8\r\n"));
  CAF_CHECK_EQUAL(e->body(), "targets: []\n");
}

CAF_TEST(nothing is rendered unasked) {
  get("/metrics");
  advance(1h);
  CAF_CHECK_EQUAL(queries.size(), 1u);
}

CAF_TEST(a cache that does not answer for a second gives 503) {
  kill(store); // an exit would answer: only silence is worse
  const auto mute = sys.spawn([]() -> cache_actor::behavior_type {
    return {
        [](atom::add, const std::string&, const snapshot_ptr&) {},
        [](atom::drop, const std::string&) {},
        [](atom::reload, const metrics::reload_status&) {},
        [](atom::put, const std::string&, const snapshot_ptr&) {},
        [](atom::restore, const std::string&) { return snapshot_ptr{}; },
        [](atom::render, const page_query&) -> caf::result<page_ptr> {
          return caf::delegated<page_ptr>{};
        },
        [](atom::count) -> caf::result<census_ptr> {
          return caf::delegated<census_ptr>{};
        },
    };
  });
  kill(aut);
  aut = sys.spawn(http_front, front_settings{"/metrics", 40, "1"}, mute, owner);
  const auto scrape = get("/metrics");
  const auto health = get("/health");
  const auto healthy = get("/-/healthy");
  CAF_CHECK(scrape->answers.empty());
  advance(1s);
  CAF_CHECK_EQUAL(scrape->status(), 503);
  CAF_CHECK_EQUAL(health->status(), 503);
  CAF_CHECK_EQUAL(health->body(), "{\"status\":\"unhealthy\"}\n");
  CAF_CHECK_EQUAL(healthy->status(), 503);
  kill(mute);
}

CAF_TEST(a storm of scrapes asks a busy cache once for each form) {
  std::vector<std::shared_ptr<fake_exchange>> storm;
  for (int i = 0; i < 10000; ++i) {
    accept = i % 2 ? "application/openmetrics-text" : "";
    accept_encoding = i % 3 ? "gzip" : "";
    storm.push_back(send("/metrics"));
  }
  auto& front = deref<caf::scheduled_actor>(aut);
  auto& busy = deref<caf::scheduled_actor>(store);
  const auto turn = [&] { // of the front; the cache has none
    const auto& jobs = sched.jobs;
    return std::find(jobs.begin(), jobs.end(), &front) != jobs.end();
  };
  while (turn()) {
    sched.prioritize(aut);
    sched.run_once();
  }
  busy.mailbox().fetch_more();
  CAF_CHECK_EQUAL(busy.mailbox().size(), 4u);
  consume_messages();
  for (const auto& e : storm)
    CAF_REQUIRE_EQUAL(e->status(), 200);
  CAF_CHECK_EQUAL(queries.size(), 4u);
}

CAF_TEST(slow scrapes have a limit) {
  stats.slow_responses = 39;
  CAF_CHECK_EQUAL(get("/metrics")->status(), 200);
  stats.slow_responses = 40;
  const auto e = get("/metrics");
  CAF_CHECK_EQUAL(e->status(), 503);
  CAF_CHECK_EQUAL(e->body(), "Limit of concurrent requests reached (40), try "
                             "again later.\n");
  CAF_CHECK_EQUAL(get("/health")->status(), 200);
}

CAF_TEST(unknown paths and methods are refused) {
  for (const auto* path : {"/metrics/", "//metrics", "/Metrics", "/%6detrics",
                           "/../etc/passwd", "", "http://host/metrics"})
    CAF_CHECK_EQUAL(get(path)->status(), 404);
  for (const auto* path :
       {"/metrics", "/health", "/-/healthy", "/-/ready", "/"})
    for (const auto m : {net::method::post, net::method::other}) {
      const auto e = get(path, m);
      CAF_CHECK_EQUAL(e->status(), 405);
      CAF_CHECK(e->head_has("Allow: GET, HEAD\r\n"));
    }
}

CAF_TEST(requests are counted by handler and code) {
  get("/metrics");
  get("/metrics", net::method::post);
  get("/nowhere");
  get("/health");
  stats.errors[0] = 3;
  stats.connections = 2;
  stats.rejected_limit = 5;
  advance(1s);
  get("/metrics");
  const auto& front = queries.back().front;
  using metrics::handler;
  const std::map<std::pair<handler, int>, std::uint64_t> expected{
      {{handler::metrics, 200}, 1},
      {{handler::metrics, 405}, 1},
      {{handler::health, 200}, 1},
      {{handler::other, 404}, 1},
      {{handler::other, 400}, 3}};
  CAF_CHECK(front.requests == expected);
  CAF_CHECK_EQUAL(front.connections, 2u);
  CAF_CHECK_EQUAL(front.rejected_limit, 5u);
}

CAF_TEST(every code that can be given is a known series) {
  using metrics::handler;
  const auto known = [](handler h, int code) {
    const auto codes = metrics::codes(h);
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  for (const int code : net::protocol_errors)
    CAF_CHECK(known(handler::other, code));
  const std::map<std::string, handler> paths{{"/metrics", handler::metrics},
                                             {"/health", handler::health},
                                             {"/-/healthy", handler::healthy},
                                             {"/-/ready", handler::ready},
                                             {"/-/reload", handler::reload},
                                             {"/config", handler::config},
                                             {"/sd", handler::sd},
                                             {"/", handler::index},
                                             {"/nowhere", handler::other}};
  for (const auto& [path, h] : paths) {
    const bool health =
        h == handler::health || h == handler::healthy || h == handler::ready;
    for (granted = admission::all; granted <= admission::broken;
         granted = static_cast<admission>(static_cast<int>(granted) + 1))
      if (!health || granted <= admission::health_only)
        for (const auto m :
             {net::method::get, net::method::post, net::method::other})
          CAF_CHECK(known(h, get(path, m)->status()));
  }
}

CAF_TEST(who is not let in gets the reason and nothing else) {
  const std::map<admission, int> codes{{admission::login_needed, 401},
                                       {admission::too_often, 429},
                                       {admission::busy, 503},
                                       {admission::broken, 500}};
  for (const auto& [refused, code] : codes) {
    granted = refused;
    for (const auto* path : {"/metrics", "/config", "/", "/nowhere", "/sd"}) {
      const auto e = get(path);
      CAF_CHECK_EQUAL(e->status(), code);
      CAF_CHECK_LESS(e->body().size(), 50u);
      CAF_CHECK_EQUAL(e->head_has("WWW-Authenticate: Basic "), code == 401);
    }
    CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), code);
  }
  CAF_CHECK(queries.empty());
}

CAF_TEST(without a login health is a verdict and no more) {
  granted = admission::health_only;
  CAF_CHECK_EQUAL(get("/health")->body(), "{\"status\":\"healthy\"}\n");
  CAF_CHECK_EQUAL(get("/health?target=unknown")->body(),
                  "{\"status\":\"healthy\"}\n");
  CAF_CHECK_EQUAL(get("/-/healthy")->body(), "Healthy\n");
  targets[0].second->next_tick = now() - 1h;
  CAF_CHECK_EQUAL(get("/health")->body(), "{\"status\":\"unhealthy\"}\n");
  CAF_CHECK_EQUAL(get("/health")->status(), 503);
}

CAF_TEST(health describes every target) {
  auto& s = *targets[0].second;
  auto& nodes = s.endpoints[1];
  s.endpoints[0].last_result = metrics::quality::good;
  s.endpoints[0].last_good = now();
  s.endpoints[0].last_good_wall = metrics::wall_time{1732290000100ms};
  nodes.last_result = metrics::quality::bad;
  nodes.last_failure = metrics::failure{metrics::reason::connect, "a \"b\"\n"};
  nodes.breaker = metrics::circuit::state::half_open;
  nodes.consecutive_failures = 6;
  advance(3s);
  const auto h = health();
  CAF_CHECK(h.at("status") == "healthy");
  CAF_CHECK(h.at("version") == "1.2.3");
  CAF_CHECK(h.at("uptime_seconds") == 3.0);
  CAF_CHECK(h.at("targets_total") == 1);
  CAF_CHECK(h.at("targets_up") == 0);
  CAF_CHECK(h.at("targets_stale") == 1);
  const auto& t = h.at("targets").as_array().at(0).as_object();
  CAF_CHECK(t.at("name").is_null());
  CAF_CHECK(t.at("up") == false);
  CAF_CHECK(t.at("stale") == true);
  const auto& e = t.at("endpoints").as_object();
  const auto& good = e.at("metrics").as_object();
  CAF_CHECK(good.at("breaker") == "closed");
  CAF_CHECK(good.at("last_success") == 1732290000.1);
  CAF_CHECK(good.at("age_seconds") == 3.0);
  CAF_CHECK(good.at("last_error").is_null());
  const auto& bad = e.at("nodes_status").as_object();
  CAF_CHECK(bad.at("breaker") == "half_open");
  CAF_CHECK(bad.at("consecutive_failures") == 6);
  CAF_CHECK(bad.at("last_success").is_null());
  CAF_CHECK(bad.at("age_seconds").is_null());
  CAF_CHECK(bad.at("last_error") == "a \"b\"\n");
}

CAF_TEST(a hundred targets are listed and not more) {
  const auto one = targets[0].second;
  targets.clear();
  for (int i = 0; i < 100; ++i)
    targets.emplace_back(std::to_string(i), one);
  CAF_CHECK_EQUAL(health().at("targets").as_array().size(), 100u);
  targets.emplace_back("more", one);
  CAF_CHECK(!health().contains("targets"));
  CAF_CHECK(health().at("targets_total") == 101);
}

CAF_TEST(health is about the collection loop and not about upstreams) {
  auto& s = *targets[0].second;
  s.endpoints[0].breaker = metrics::circuit::state::open;
  s.next_tick = now();
  advance(30s);
  CAF_CHECK_EQUAL(get("/health")->status(), 200);
  CAF_CHECK_EQUAL(get("/-/healthy")->status(), 200);
  advance(1ns);
  const auto e = get("/health");
  CAF_CHECK_EQUAL(e->status(), 503);
  CAF_CHECK_NOT_EQUAL(e->body().find("\"status\":\"unhealthy\""),
                      std::string::npos);
  CAF_CHECK_EQUAL(get("/-/healthy")->status(), 503);
}

CAF_TEST(zero targets are healthy) {
  targets.clear();
  CAF_CHECK(health().at("status") == "healthy");
}

CAF_TEST(ready follows the cache) {
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 503);
  ready = true;
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 200);
}

CAF_TEST(the page for people tells all and reflects nothing) {
  targets[0].first = "<script>alert(1)</script>";
  auto& status = targets[0].second->endpoints[0];
  status.last_result = metrics::quality::bad;
  status.last_failure =
      metrics::failure{metrics::reason::json, "</td><img src=x onerror=\"1\">"};
  status.breaker = metrics::circuit::state::open;
  status.breaker_since = metrics::wall_time{1732290000s};
  status.recent.back() = {metrics::quality::bad, 4};
  const auto e = get("/?x=<script>");
  CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK(e->head_has("Content-Type: text/html; charset=utf-8\r\n"));
  CAF_CHECK(e->head_has("default-src 'none'"));
  const auto text = e->body();
  for (const std::string part :
       {"href=\"metrics\"", "href=\"health\"", "href=\"-/healthy\"",
        "href=\"-/ready\"", "href=\"config\"", "href=\"sd\"",
        "version <span data-kind=\"text\" data-path=\"[&quot;version&quot;]\">"
        "1.2.3</span>",
        "<h2>&lt;script&gt;alert(1)&lt;/script&gt;</h2>",
        "data-state=\"open\">open</b>", "2024-11-22 15:40:00 UTC",
        "&lt;/td&gt;&lt;img src=x onerror=&quot;1&quot;&gt;",
        "<i class=\"bad\" style=\"height:100%\" title=\"bad, attempts: 4\">",
        "fresh below 10 s, gone after 5 min 0 s", "in 15 s", "never"})
    if (text.find(part) == text.npos)
      CAF_FAIL("missing: " << part);
  CAF_CHECK_EQUAL(text.find("alert(1)</script>"), text.npos);
  CAF_CHECK_EQUAL(text.find("<img"), text.npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
