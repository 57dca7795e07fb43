#define CAF_SUITE http_front

#include "actors/http_front.hpp"

#include "actors/presenter.hpp"
#include "tests/fake_exchange.hpp"
#include "tests/fixture.hpp"

#include <boost/json.hpp>

using namespace betanet;
using namespace betanet::testing;

namespace {

struct front_fixture : fixture {
  front_fixture() {
    targets.emplace_back(std::string{},
                         std::make_shared<metrics::snapshot>(
                             metrics::freshness_rules{15s, 5s, 10s, 5min},
                             std::make_shared<const std::vector<double>>(),
                             now()));
    store = sys.spawn([this]() -> page_source_actor::behavior_type {
      return {
          [this](atom::render, const page_query& q) {
            queries.push_back(q);
            const metrics::page p{"page " + std::to_string(queries.size()) +
                                  "\n"};
            return q.target == "unknown"
                       ? page_ptr{}
                       : std::make_shared<const metrics::page>(p);
          },
          [this](atom::list) {
            metrics::census c;
            c.ready = ready;
            for (const auto& [name, s] : targets)
              c.targets.emplace_back(name, s);
            return census_ptr{std::make_shared<metrics::census>(c)};
          },
      };
    });
    owner = sys.spawn([this]() -> reloader_actor::behavior_type {
      return {[](atom::discover, const discovered_ptr&) {},
              [this](atom::reload) {
                ++reloads;
                return reload_problems.empty()
                           ? reload_result{true, "Reloaded, targets: 1\n"}
                           : reload_result{false, reload_problems + "\n"};
              },
              [this](atom::describe) {
                ++descriptions;
                return std::string{"targets: []\n"};
              }};
    });
    start();
  }

  void start() {
    shows =
        sys.spawn(presenter, presenter_settings{"/metrics", "1.2.3"}, store);
    aut = sys.spawn(http_front, front_settings{"/metrics", 40}, store, shows,
                    owner);
    consume_messages();
  }

  ~front_fixture() {
    kill(aut);
    kill(shows);
    kill(store);
    kill(owner);
  }

  std::shared_ptr<fake_exchange> send(const std::string& target,
                                      net::method method = net::method::get) {
    const auto e = std::make_shared<fake_exchange>();
    const auto mark = std::min(target.find('?'), target.size());
    e->asked.path = target.substr(0, mark);
    e->asked.query = target.substr(std::min(mark + 1, target.size()));
    e->asked.accept = accept;
    e->asked.accept_encoding = accept_encoding;
    e->asked.host = "exporter:9200";
    e->asked.method = method;
    e->asked.stats = stats;
    e->asked.own_slow_scrapes = own_slow_scrapes;
    e->asked.origin = origin;
    e->asked.sec_fetch_site = site;
    caf::anon_send(aut, atom::serve_v, exchange_ptr{e}, granted);
    return e;
  }

  std::shared_ptr<fake_exchange> get(const std::string& path,
                                     net::method method = net::method::get) {
    const auto e = send(path, method);
    consume_messages();
    return e;
  }

  /// Runs the front, but no other actor, until it has nothing to do.
  void run_front_only() {
    auto& front = deref<caf::scheduled_actor>(aut);
    const auto& jobs = sched.jobs;
    while (std::find(jobs.begin(), jobs.end(), &front) != jobs.end()) {
      sched.prioritize(aut);
      sched.run_once();
    }
  }

  template <class Handle>
  std::size_t waiting_messages(const Handle& h) {
    auto& mailbox = deref<caf::scheduled_actor>(h).mailbox();
    mailbox.fetch_more();
    return mailbox.size();
  }

  http_front_state& front() {
    using actor = caf::stateful_actor<http_front_state, http_front_impl::base>;
    return deref<actor>(aut).state;
  }

  boost::json::object health() {
    return boost::json::parse(get("/health")->body()).as_object();
  }

  net::server_stats stats;
  std::uint64_t own_slow_scrapes = 0;
  permission granted = permission::full;
  std::string accept, accept_encoding, origin, site;
  bool ready = false;
  std::vector<std::pair<std::string, std::shared_ptr<metrics::snapshot>>>
      targets;
  std::vector<page_query> queries;
  page_source_actor store;
  presenter_actor shows;
  std::string reload_problems;
  int reloads = 0, descriptions = 0;
  reloader_actor owner;
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

CAF_TEST(a page is used for 100 ms and then rendered again) {
  get("/metrics");

  advance(100ms - 1ns);
  CAF_CHECK_EQUAL(get("/metrics")->body(), "page 1\n");

  advance(1ns);
  CAF_CHECK_EQUAL(get("/metrics")->body(), "page 2\n");

  CAF_REQUIRE_EQUAL(queries.size(), 2u);
  CAF_CHECK_EQUAL(queries[0].scrapes, 0u);
  CAF_CHECK_EQUAL(queries[1].scrapes, 2u);
}

CAF_TEST(concurrent scrapes share one page) {
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

CAF_TEST(the uptime begins with the start of the process) {
  kill(aut);
  kill(shows);
  advance(1h);
  start();

  advance(3s);

  CHECK_EQUAL(health()["uptime_seconds"].as_double(), 3.0);
}

CAF_TEST(pages for people are compressed on request) {
  for (const auto* path : {"/", "/health", "/sd", "/-/ready"}) {
    accept_encoding = "";
    const auto plain = get(path);
    accept_encoding = "gzip";
    const auto packed = get(path);

    CAF_CHECK(plain->head_has("\r\nVary: Accept-Encoding\r\n"));
    CAF_CHECK(!plain->head_has("Content-Encoding"));
    CAF_CHECK(packed->head_has("\r\nVary: Accept-Encoding\r\n"));
    const bool good = plain->status() == 200;
    CAF_CHECK_EQUAL(packed->status(), plain->status());
    CAF_CHECK_EQUAL(packed->head_has("\r\nContent-Encoding: gzip\r\n"), good);
    CAF_CHECK_EQUAL(packed->body().starts_with("\x1f\x8b"), good);
  }
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 503); // an error is not
}

CAF_TEST(each format of the page is rendered once) {
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

CAF_TEST(the content type carries the escaping that was asked for) {
  const std::string type =
      "Content-Type: application/openmetrics-text; version=1.0.0; "
      "charset=utf-8";
  const std::string asked = "application/openmetrics-text;version=1.0.0";

  for (const auto* path : {"/metrics", "/metrics?target=a"}) {
    accept = asked + ";escaping=allow-utf-8";
    CAF_CHECK(get(path)->head_has(type + "; escaping=allow-utf-8\r\n"));

    accept = asked + ";escaping=underscores";
    CAF_CHECK(get(path)->head_has(type + "; escaping=underscores\r\n"));

    accept = asked + ";escaping=x";
    CAF_CHECK(get(path)->head_has(type + "\r\n"));
  }
}

CAF_TEST(one target can be scraped alone) {
  const auto found = get("/metrics?target=eu%201");
  CAF_CHECK_EQUAL(found->status(), 200);
  CHECK_EQUAL(queries.back().target, "eu 1");

  CAF_CHECK_EQUAL(get("/metrics?target=unknown")->status(), 404);

  CAF_CHECK_EQUAL(get("/metrics?other=x")->status(), 200);
  CAF_CHECK(!queries.back().target);
}

CAF_TEST(a POST reloads the configuration and reports problems) {
  const auto reloaded = get("/-/reload", net::method::post);
  CAF_CHECK_EQUAL(reloaded->status(), 200);
  CAF_CHECK_EQUAL(reloaded->body(), "Reloaded, targets: 1\n");

  reload_problems = "f.yml:1:1: a: unknown key";
  advance(1s);
  const auto refused = get("/-/reload", net::method::post);
  CAF_CHECK_EQUAL(refused->status(), 500);
  CAF_CHECK_EQUAL(refused->body(), "f.yml:1:1: a: unknown key\n");

  const auto read = get("/-/reload");
  CAF_CHECK_EQUAL(read->status(), 405);
  CAF_CHECK(read->head_has("\r\nAllow: POST\r\n"));

  kill(owner);
  advance(1s);
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 500);
}

CAF_TEST(the running configuration is shown) {
  const auto e = get("/config");

  CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK(e->head_has("Content-Type: text/yaml; charset=utf-8\r\n"));
  CAF_CHECK_EQUAL(e->body(), "targets: []\n");
}

CAF_TEST(no page is rendered without a request) {
  get("/metrics");

  advance(1h);

  CAF_CHECK_EQUAL(queries.size(), 1u);
}

CAF_TEST(a question whose answer is late is not asked again) {
  std::vector<caf::typed_response_promise<page_ptr>> asked;
  const auto slow = sys.spawn(
      [&](page_source_actor::pointer me) -> page_source_actor::behavior_type {
        return {
            [&asked, me](atom::render, const page_query&) {
              asked.push_back(me->make_response_promise<page_ptr>());
              return asked.back();
            },
            [&asked](atom::list) -> caf::result<census_ptr> {
              asked[0].deliver(std::make_shared<const metrics::page>());
              return std::make_shared<const metrics::census>();
            },
        };
      });
  kill(aut);
  kill(shows);
  kill(std::exchange(store, slow));
  start();

  const auto first = get("/metrics");
  advance(1s);
  CAF_CHECK_EQUAL(first->status(), 503);
  const auto second = get("/metrics");
  advance(900ms);
  const auto third = get("/metrics?target=a");
  CAF_CHECK(second->answers.empty());
  CAF_CHECK_EQUAL(asked.size(), 2u); // the page and that of the target

  get("/"); // makes the cache answer

  CAF_CHECK_EQUAL(second->status(), 200);
  CAF_CHECK_EQUAL(asked.size(), 2u);
  advance(2s);
  CAF_CHECK_EQUAL(third->status(), 503);
}

CAF_TEST(clients take turns with their questions) {
  shared_questions<int> questions;
  const auto ask = [&](int question, const std::string& client) {
    const auto e = std::make_shared<fake_exchange>();
    e->asked.peer = client;
    questions.add(question, e);
  };
  ask(1, "crowd");
  ask(2, "crowd");
  ask(3, "crowd");
  ask(4, "scraper");

  std::vector<int> order;
  while (const auto* q = questions.begin({})) {
    order.push_back(*q);
    questions.end(order.back());
  }

  CHECK_EQUAL(order, (std::vector{1, 4, 2, 3}));
}

CAF_TEST(a page that does not come for a second is told by health) {
  const auto half = sys.spawn([]() -> page_source_actor::behavior_type {
    return {
        [](atom::render, const page_query&) -> caf::result<page_ptr> {
          return caf::delegated<page_ptr>{};
        },
        [](atom::list) { return std::make_shared<const metrics::census>(); },
    };
  });
  kill(aut);
  kill(shows);
  kill(std::exchange(store, half));
  start();
  get("/metrics");

  advance(999ms);
  CAF_CHECK_EQUAL(get("/-/healthy")->status(), 200);

  advance(1ms);
  CAF_CHECK_EQUAL(get("/-/healthy")->status(), 503);
  CAF_CHECK_EQUAL(get("/health")->body(), "{\"status\":\"unhealthy\"}\n");
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 503); // not collected yet
}

CAF_TEST(a cache that does not answer for a second gives 503) {
  const auto mute = sys.spawn([]() -> page_source_actor::behavior_type {
    return {
        [](atom::render, const page_query&) -> caf::result<page_ptr> {
          return caf::delegated<page_ptr>{};
        },
        [](atom::list) -> caf::result<census_ptr> {
          return caf::delegated<census_ptr>{};
        },
    };
  });
  kill(aut);
  kill(shows);
  kill(std::exchange(store, mute));
  start();

  const auto scrape = get("/metrics");
  const auto health = get("/health");
  CAF_CHECK(scrape->answers.empty());

  advance(1s);
  CAF_CHECK_EQUAL(scrape->status(), 503);
  CAF_CHECK_EQUAL(health->status(), 503);
  CAF_CHECK_EQUAL(health->body(), "{\"status\":\"unhealthy\"}\n");

  const auto healthy = get("/-/healthy");
  advance(1s);
  CAF_CHECK_EQUAL(healthy->status(), 503);
}

CAF_TEST(a reloader that does not answer is awaited for 25 seconds) {
  const auto mute = sys.spawn([]() -> reloader_actor::behavior_type {
    return {[](atom::discover, const discovered_ptr&) {},
            [](atom::reload) -> caf::result<reload_result> {
              return caf::delegated<reload_result>{};
            },
            [](atom::describe) -> caf::result<std::string> {
              return caf::delegated<std::string>{};
            }};
  });
  kill(aut);
  kill(std::exchange(owner, mute));
  start();

  const auto configuration = get("/config");
  const auto reload = get("/-/reload", net::method::post);
  advance(24s);
  CAF_CHECK(configuration->answers.empty());
  CAF_CHECK(reload->answers.empty());

  advance(1s);
  CAF_CHECK_EQUAL(configuration->status(), 503);
  CAF_CHECK_EQUAL(configuration->body(), "The configuration is busy.\n");
  CAF_CHECK_EQUAL(reload->status(), 500);
  CAF_CHECK_EQUAL(reload->body(), "The reload did not end in time.\n");
}

CAF_TEST(pages of all targets are made one after the other) {
  std::vector<caf::typed_response_promise<page_ptr>> asked;
  std::size_t made = 0;
  bool is_made = false; // the next page, at the next message
  const auto slow = sys.spawn(
      [&](page_source_actor::pointer me) -> page_source_actor::behavior_type {
        return {
            [&, me](atom::render, const page_query&) {
              asked.push_back(me->make_response_promise<page_ptr>());
              return asked.back();
            },
            [&](atom::list) {
              if (std::exchange(is_made, false))
                asked.at(made++).deliver(
                    std::make_shared<const metrics::page>());
              return std::make_shared<const metrics::census>();
            },
        };
      });
  kill(aut);
  kill(shows);
  kill(std::exchange(store, slow));
  start();

  std::vector<std::shared_ptr<fake_exchange>> forms;
  for (const auto* format : {"", "application/openmetrics-text"})
    for (const auto* encoding : {"", "gzip"}) {
      accept = format;
      accept_encoding = encoding;
      forms.push_back(get("/metrics"));
    }
  const auto single = get("/metrics?target=a");
  CAF_CHECK_EQUAL(asked.size(), 2u); // the first form and the single target

  for (int i = 0; i < 5; ++i) {
    advance(400ms);
    CAF_CHECK_EQUAL(get("/-/healthy")->status(), 200);
    is_made = true;
    get("/?filter=" + std::to_string(i)); // asks the cache
  }

  for (const auto& e : forms)
    CAF_CHECK_EQUAL(e->status(), 200);
  CAF_CHECK_EQUAL(single->status(), 200);
}

CAF_TEST(a client with one question gets the next turn) {
  shared_questions<int> questions{2};
  const auto ask = [&](int question, const std::string& client) {
    const auto e = std::make_shared<fake_exchange>();
    e->asked.peer = client;
    questions.add(question, e);
  };
  for (const int q : {1, 2, 3, 4})
    ask(q, "crowd");
  questions.begin({});
  questions.begin({});
  ask(5, "scraper");

  questions.end(1);

  CAF_CHECK_EQUAL(*questions.begin({}), 5);
}

CAF_TEST(as many questions as allowed are asked at a time) {
  shared_questions<int> questions{2};
  std::vector<exchange_ptr> clients;
  const auto ask = [&](int question) {
    clients.push_back(std::make_shared<fake_exchange>());
    questions.add(question, clients.back());
  };
  for (const int q : {1, 2, 3, 2})
    ask(q);

  CAF_CHECK_EQUAL(*questions.begin(metrics::time_point{1s}), 1);
  CAF_CHECK_EQUAL(*questions.begin(metrics::time_point{2s}), 2);
  CAF_CHECK(questions.begin(metrics::time_point{3s}) == nullptr);
  ask(2);
  CAF_CHECK(questions.time_left(metrics::time_point{3s}, 5s) == 3s);

  CAF_CHECK(questions.end(2) ==
            (std::vector{clients[1], clients[3], clients[4]}));
  CAF_CHECK_EQUAL(*questions.begin(metrics::time_point{4s}), 3);
  CAF_CHECK(questions.end(1) == std::vector{clients[0]});
  CAF_CHECK(questions.time_left(metrics::time_point{4s}, 5s) == 5s);
  CAF_CHECK_EQUAL(questions.size(), 1u);
}

CAF_TEST(no path fills a mailbox) {
  std::vector<std::shared_ptr<fake_exchange>> storm;
  for (int i = 0; i < 1000; ++i) {
    accept = i % 2 ? "application/openmetrics-text" : "";
    accept_encoding = i % 3 ? "gzip" : "";
    for (const auto& r : pages::route_table)
      storm.push_back(send(std::string{r.path} +
                               (i % 5 ? "" : "?target=" + std::to_string(i)),
                           r.is_post ? net::method::post : net::method::get));
  }

  run_front_only();

  // one page of all targets, 16 of single ones
  CAF_CHECK_EQUAL(waiting_messages(store), 17u);
  CAF_CHECK_EQUAL(waiting_messages(shows), 1u); // show
  CAF_CHECK_EQUAL(waiting_messages(owner), 2u); // reload, describe

  consume_messages();
  advance(10s);
  for (const auto& e : storm)
    CAF_REQUIRE_EQUAL(e->answers.size(), 1u);
}

CAF_TEST(clients that have gone cause no work) {
  const auto stays = send("/metrics?target=a");
  const auto goes = send("/metrics?target=b");
  const auto waits = send("/metrics?target=c");
  goes->open = false;
  consume_messages();

  CAF_CHECK_EQUAL(queries.size(), 2u);
  CHECK_EQUAL(queries.back().target, "c");
  CAF_CHECK_EQUAL(stays->status(), 200);
  CAF_CHECK_EQUAL(waits->status(), 200);
  CAF_CHECK(goes->answers.empty());
}

CAF_TEST(requests of clients that have gone are not kept) {
  send("/config");
  run_front_only(); // the reloader has not answered
  for (int i = 0; i < 10'000; ++i) {
    const auto e = send("/config");
    e->open = false;
    run_front_only();
  }

  auto& state = front();
  CAF_CHECK_LESS(state.settings_questions.size(), 1100u);
}

CAF_TEST(pages for people and the configuration are made once a second) {
  for (const auto* path : {"/", "/health", "/sd", "/config"}) {
    const auto first = get(path);
    CHECK_EQUAL(first->answers.at(0), get(path)->answers.at(0));
    advance(1s - 1ns);
    CHECK_EQUAL(first->answers.at(0), get(path)->answers.at(0));
    advance(1ns);
    CAF_CHECK(first->answers.at(0) != get(path)->answers.at(0));
  }
  CAF_CHECK_EQUAL(descriptions, 2);
}

CAF_TEST(an answer serves only clients that asked for the same) {
  targets.emplace_back("b", targets[0].second);
  const auto whole = get("/health");

  const auto one = get("/health?target=b");
  granted = permission::health_only;
  const auto verdict = get("/health");

  CAF_CHECK_NOT_EQUAL(one->body(), whole->body());
  CAF_CHECK_EQUAL(verdict->body(), "{\"status\":\"healthy\"}\n");
}

CAF_TEST(at most one reload a second is made for clients) {
  const auto first = get("/-/reload", net::method::post);
  CAF_CHECK_EQUAL(first->status(), 200);

  std::vector<std::shared_ptr<fake_exchange>> more;
  for (int i = 0; i < 100; ++i)
    more.push_back(get("/-/reload", net::method::post));
  CAF_CHECK_EQUAL(reloads, 1);
  CAF_CHECK(more[0]->answers.empty());

  advance(1s);

  CAF_CHECK_EQUAL(reloads, 2);
  for (const auto& e : more)
    CAF_CHECK_EQUAL(e->status(), 200);
  advance(1h);
  CAF_CHECK_EQUAL(reloads, 2);
}

CAF_TEST(a reload that runs already does not answer a later request) {
  const auto early = send("/-/reload", net::method::post);
  run_front_only(); // the reloader has not begun
  const auto late = send("/-/reload", net::method::post);
  consume_messages();
  CAF_CHECK_EQUAL(early->status(), 200);
  CAF_CHECK(late->answers.empty());

  advance(1s);

  CAF_CHECK_EQUAL(late->status(), 200);
  CAF_CHECK_EQUAL(reloads, 2);
}

CAF_TEST(pages of other sites cannot reload) {
  origin = "http://evil.test";
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 403);

  origin = "http://exporter:9200";
  site = "cross-site";
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 403);
  CAF_CHECK_EQUAL(reloads, 0);

  site = "same-origin";
  CAF_CHECK_EQUAL(get("/-/reload", net::method::post)->status(), 200);
  origin = "http://evil.test";
  site = "cross-site";
  CAF_CHECK_EQUAL(get("/health")->status(), 200);
}

CAF_TEST(the number of slow scrapes is limited) {
  own_slow_scrapes = 10; // a quarter of the limit
  stats.slow_scrapes = 39;
  CAF_CHECK_EQUAL(get("/metrics")->status(), 200);

  stats.slow_scrapes = 40;
  const auto e = get("/metrics");
  CAF_CHECK_EQUAL(e->status(), 503);
  CAF_CHECK_EQUAL(e->body(), "Limit of concurrent requests reached (40), try "
                             "again later.\n");

  CAF_CHECK_EQUAL(get("/health")->status(), 200);
}

CAF_TEST(slow scrapes of others do not keep a client out) {
  stats.slow_scrapes = 40;
  CAF_CHECK_EQUAL(get("/metrics")->status(), 200);
  own_slow_scrapes = 9;
  CAF_CHECK_EQUAL(get("/metrics")->status(), 200);
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
  stats.certificate_expiry = std::chrono::sys_seconds{1h};

  advance(1s);
  get("/metrics");
  const auto& front = queries.back().front;

  std::map<std::pair<std::string, int>, std::uint64_t> counted;
  for (const auto& r : front.requests)
    if (r.count > 0)
      counted[{std::string{r.handler}, r.code}] = r.count;
  const std::map<std::pair<std::string, int>, std::uint64_t> expected{
      {{"metrics", 200}, 1}, {{"metrics", 405}, 1}, {{"health", 200}, 1},
      {{"other", 404}, 1},   {{"other", 400}, 3},
  };
  CHECK_EQUAL(counted, expected);
  CAF_CHECK_EQUAL(front.connections, 2u);
  CAF_CHECK_EQUAL(front.rejected_limit, 5u);
  CHECK_EQUAL(front.certificate_expiry, std::chrono::sys_seconds{1h});
}

CAF_TEST(the counters of the server never fall) {
  const auto seen = [&](std::uint64_t requests, std::uint64_t count) {
    stats.requests = requests;
    stats.errors[0] = stats.rejected_limit = stats.connections = count;
    stats.rejected_descriptors = count;
    advance(1s);
    get("/metrics");
    const auto& front = queries.back().front;
    const auto refused = std::find_if(
        front.requests.begin(), front.requests.end(), [](const auto& r) {
          return r.handler == "other" && r.code == net::protocol_errors[0];
        });
    return std::vector{refused->count, front.rejected_limit,
                       front.rejected_descriptors, front.connections};
  };
  const std::vector<std::uint64_t> four(4, 4), five(4, 5);
  CHECK_EQUAL(seen(7, 4), four);

  const auto waited = seen(6, 3); // for the check of a login

  CHECK_EQUAL(waited, four);
  CHECK_EQUAL(seen(8, 5), five);
}

CAF_TEST(clients that the guard refuses get only the reason) {
  const std::map<permission, int> codes{{permission::login_needed, 401},
                                        {permission::too_often, 429},
                                        {permission::busy, 503},
                                        {permission::broken, 500}};

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

CAF_TEST(every status code has a series from the start) {
  const auto listed = [](const pages::route& r, int code) {
    return std::find(r.codes.begin(), r.codes.end(), code) != r.codes.end();
  };

  for (const int code : net::protocol_errors)
    CAF_CHECK(listed(pages::unknown_route, code));

  std::vector<std::string> paths{"/nowhere"};
  for (const auto& r : pages::route_table)
    paths.emplace_back(r.path);
  for (const auto& path : paths)
    for (const auto a :
         {permission::full, permission::health_only, permission::login_needed,
          permission::too_often, permission::busy, permission::broken}) {
      const auto& route = pages::find_route(path);
      if (!route.needs_login && a != permission::full &&
          a != permission::health_only)
        continue; // the guard never refuses these paths so
      granted = a;
      for (const auto m :
           {net::method::get, net::method::post, net::method::other}) {
        const auto e = send(path, m);
        advance(1s); // reloads are at least a second apart
        const auto status = e->status();
        if (!listed(route, status))
          CAF_FAIL(path << " gave " << status);
      }
    }
}

CAF_TEST(pages of the census can use the request) {
  targets.emplace_back("b", targets[0].second);

  const auto one = boost::json::parse(get("/health?target=b")->body());
  const auto page = get("/?filter=x%26&page=7")->body();
  const auto discovery = boost::json::parse(get("/sd")->body());
  granted = permission::health_only;
  const auto verdict = get("/health");

  CHECK_CONTAINS(page, "0 of 2 targets match <b>x&amp;</b>");
  CAF_CHECK_EQUAL(one.at("targets").as_array().size(), 1u);
  CAF_CHECK_EQUAL(one.at("version").as_string(), "1.2.3");
  CHECK_EQUAL(discovery.at(0).at("targets").at(0).as_string(), "exporter:9200");
  CAF_CHECK_EQUAL(verdict->body(), "{\"status\":\"healthy\"}\n");
}

CAF_TEST(questions of the process itself are not counted) {
  stats.requests = 1;
  stats.rejected_limit = 5;
  get("/metrics");
  const auto e = std::make_shared<fake_exchange>();
  e->asked.path = pages::healthy_path;
  e->asked.own = true;

  caf::anon_send(aut, atom::serve_v, exchange_ptr{e}, permission::full);
  consume_messages();
  advance(1s);
  stats.requests = 2;
  get("/metrics");

  CAF_CHECK_EQUAL(e->status(), 200);
  const auto& front = queries.back().front;
  for (const auto& r : front.requests)
    CAF_CHECK_EQUAL(r.count, r.handler == "metrics" && r.code == 200 ? 1u : 0u);
  CAF_CHECK_EQUAL(front.rejected_limit, 5u);
}

CAF_TEST(ready follows the cache) {
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 503);

  ready = true;
  CAF_CHECK_EQUAL(get("/-/ready")->status(), 200);
}

CAF_TEST_FIXTURE_SCOPE_END()
