#define CAF_SUITE discovery

#include "actors/discovery.hpp"

#include "tests/fixture.hpp"

#include <filesystem>
#include <fstream>

using namespace betanet;
using namespace betanet::testing;
namespace fs = std::filesystem;

namespace {

constexpr auto url = "http://lists:80/targets";

std::string list_of(const std::string& address) {
  return R"([{"targets": [")" + address + R"("]}])";
}

net::outcome answer(std::string body, std::string type = "application/json",
                    int status = 200) {
  return net::response{status, std::move(body), 0s, {}, std::move(type)};
}

/// A discovery with files of a temporary folder, servers that the test plays,
/// and a reloader and a cache that only record.
struct discovery_fixture : fixture {
  discovery_fixture() {
    std::string name = fs::temp_directory_path() / "betanet-XXXXXX";
    folder = ::mkdtemp(name.data());
    sink = sys.spawn([this]() -> target_sink_actor::behavior_type {
      return {[this](atom::discover, const discovered_ptr& d) {
        ++published;
        complete = d->complete;
        addresses.clear();
        for (const auto& list : d->lists)
          for (const auto& group : list.groups)
            for (const auto& t : group.targets)
              addresses.push_back(t);
      }};
    });
    registry = sys.spawn([this]() -> source_registry_actor::behavior_type {
      return {[this](atom::refresh, const source_counts_ptr& c) {
        counts.clear();
        for (const auto& s : *c)
          counts[s.source] = {s.refreshes, s.failures};
      }};
    });
    discovery_settings how;
    how.read = [this](auto look, auto done) {
      if (hangs)
        waiting.push_back([=] { done(look()); });
      else if (has_threads)
        done(look());
      return has_threads;
    };
    how.connect = [this](const config::target_server& s) -> transport {
      return [this, s](auto timeout, auto done) {
        ++asked;
        last_timeout = timeout.fresh;
        if (answers)
          done(*answers);
        else
          silent.push_back(done);
      };
    };
    how.registry = registry;
    aut = sys.spawn(discovery, std::move(how), logged.log);
    consume_messages();
  }

  ~discovery_fixture() override {
    kill(aut);
    kill(sink);
    kill(registry);
    fs::remove_all(folder);
  }

  void configure(std::vector<std::string> patterns,
                 std::vector<config::target_server> servers = {}) {
    for (auto& p : patterns)
      p = folder / p;
    caf::anon_send(aut, atom::configure_v,
                   std::make_shared<const discovery_sources>(
                       discovery_sources{patterns, std::move(servers)}),
                   sink);
    consume_messages();
  }

  static config::target_server server(const std::string& at = url) {
    return config::parse_target_server(at);
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder / "new"} << text;
    fs::rename(folder / "new", folder / name);
  }

  fs::path folder;
  bool hangs = false, has_threads = true, complete = false;
  std::vector<std::function<void()>> waiting;
  std::optional<net::outcome> answers; ///< Of all servers; empty: silence.
  std::vector<std::function<void(net::outcome)>> silent;
  int asked = 0, published = 0;
  std::chrono::nanoseconds last_timeout{};
  std::vector<std::string> addresses;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counts;
  target_sink_actor sink;
  source_registry_actor registry;
  discovery_actor aut;
};

using texts = std::vector<std::string>;
using pair = std::pair<std::uint64_t, std::uint64_t>;
constexpr auto warning = "WARN msg=\"A list of targets cannot be read";

} // namespace

CAF_TEST_FIXTURE_SCOPE(discovery_tests, discovery_fixture)

CAF_TEST(files and servers are read at once) {
  write("a.json", list_of("a:1"));
  answers = answer(list_of("b:2"));

  configure({"*.json"}, {server()});

  CHECK_EQUAL(addresses, (texts{"a:1", "b:2"}));
  CAF_CHECK(complete);
  CHECK_EQUAL(last_timeout, 60s);
  CHECK_EQUAL(counts[url], (pair{1, 0}));
  CHECK_EQUAL(counts[folder / "*.json"], (pair{1, 0}));
}

CAF_TEST(the lists are complete when each source has been asked) {
  write("a.json", list_of("a:1"));

  configure({"*.json"}, {server()});
  CHECK_EQUAL(addresses, texts{"a:1"});
  CAF_CHECK(!complete);

  silent.at(0)(refused());
  consume_messages();
  CHECK_EQUAL(addresses, texts{"a:1"});
  CAF_CHECK(complete);
}

CAF_TEST(a server is asked again after its interval and
         not while it is silent) {
  auto fast = server();
  fast.refresh_interval = 10s;
  configure({}, {fast});
  CHECK_EQUAL(last_timeout, 10s);

  advance(9s);
  silent.at(0)(answer("[]"));
  consume_messages();
  CAF_CHECK_EQUAL(asked, 1);

  advance(1s);
  CAF_CHECK_EQUAL(asked, 2);
  advance(5min);
  CAF_CHECK_EQUAL(asked, 2); // the transport has not answered yet

  silent.at(1)(answer("[]"));
  consume_messages();
  advance(0s);
  CAF_CHECK_EQUAL(asked, 3);
}

CAF_TEST(equal lists are not sent again) {
  answers = answer(list_of("a:1"));
  configure({}, {server()});
  const auto before = published;

  advance(10min);

  CAF_CHECK_EQUAL(asked, 11);
  CAF_CHECK_EQUAL(published, before);
}

CAF_TEST(the last good list stays whatever a server answers) {
  answers = answer(list_of("a:1"));
  configure({}, {server()});
  const std::vector<net::outcome> bad{
      answer("<html>login</html>", "text/html"),
      answer("<html>login</html>"),
      answer("[null]"),
      answer(R"([{"targets": ["b:2"], "extra": 1}])"),
      answer(list_of("b:2"), ""),
      answer(list_of("b:2"), "application/json; charset=latin-1"),
      answer(list_of("b:2"), "application/json", 204),
      answer(list_of("b:2"), "application/json", 302),
      answer(list_of("b:2"), "application/json", 503),
      answer(""),
      refused(),
      net::error{net::errc::timeout, "timed out"},
      net::error{net::errc::too_large, "too large"}};

  for (const auto& b : bad) {
    answers = b;
    advance(60s);
    CHECK_EQUAL(addresses, texts{"a:1"});
  }

  CHECK_EQUAL(counts[url], (pair{1 + bad.size(), bad.size()}));
}

CAF_TEST(the content types that Prometheus takes are taken) {
  configure({}, {server()});
  int n = 0;
  for (const std::string type :
       {"application/json", "Application/JSON",
        "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
        "application/json ;charset=utf-8x", "application/jsonp"}) {
    const auto address = "a" + std::to_string(++n) + ":1";
    silent.back()(answer(list_of(address), type));
    consume_messages();
    advance(60s);
    CAF_CHECK_EQUAL(addresses.at(0), n <= 4 ? address : "a4:1");
  }
}

CAF_TEST(an empty list removes all targets) {
  answers = answer(list_of("a:1"));
  configure({}, {server()});

  answers = answer("[]");
  advance(60s);

  CHECK_EQUAL(addresses, texts{});
  CHECK_EQUAL(counts[url], (pair{2, 0}));
}

CAF_TEST(a failure is told first and then every five minutes) {
  answers = answer("", "text/html", 502);
  configure({}, {server("http://lists/?token=sesame")});
  CAF_CHECK_EQUAL(
      logged.count(std::string{warning} +
                   ", it has no targets yet\" error=\"http://lists:80/: HTTP "
                   "status 502, 200 is expected\""),
      1u);

  advance(4min);
  CAF_CHECK_EQUAL(logged.count(warning), 1u);
  advance(7min);
  CAF_CHECK_EQUAL(logged.count(warning), 3u);

  answers = answer("[]");
  advance(2min);
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"A list of targets is read again\" "
                               "source=http://lists:80/"),
                  1u);
  CAF_CHECK_EQUAL(logged.count("sesame"), 0u);
}

CAF_TEST(a server that fails every other time is told once in five minutes) {
  configure({}, {server()});

  for (int i = 0; i < 20; ++i) {
    silent.back()(i % 2 ? answer(list_of("a:1")) : refused());
    consume_messages();
    advance(60s);
  }

  CHECK_EQUAL(addresses, texts{"a:1"});
  CAF_CHECK_EQUAL(counts[url].second, 10u);
  CAF_CHECK_EQUAL(logged.count(warning), 4u);
  CAF_CHECK_EQUAL(logged.count("is read again"), 4u);
}

CAF_TEST(a changed file is noticed within seconds) {
  write("a.json", list_of("a:1"));
  configure({"*.json"});

  write("a.json", list_of("b:2"));
  advance(4s);

  CHECK_EQUAL(addresses, texts{"b:2"});
}

CAF_TEST(all files are read again every five minutes) {
  write("a.json", list_of("a:1"));
  configure({"*.json"});

  advance(4min);
  CHECK_EQUAL(counts[folder / "*.json"], (pair{1, 0}));
  advance(61s);
  CHECK_EQUAL(counts[folder / "*.json"], (pair{2, 0}));
}

CAF_TEST(a new configuration has all files read again) {
  write("a.json", list_of("a:1"));
  configure({"*.json"});

  configure({"*.json"});
  advance(2s);

  CHECK_EQUAL(counts[folder / "*.json"], (pair{2, 0}));
}

CAF_TEST(a bad file keeps its former targets and is told with its place) {
  write("a.json", list_of("a:1"));
  write("b.json", list_of("b:2"));
  configure({"*.json"});

  write("a.json", "[\n1]");
  write("b.json", list_of("c:3"));
  advance(10s);

  CHECK_EQUAL(addresses, (texts{"a:1", "c:3"}));
  CAF_CHECK_EQUAL(logged.count(warning), 1u);
  CAF_CHECK_EQUAL(logged.count("a.json:2:2: found a number"), 1u);
}

CAF_TEST(each new problem of a file is told at once) {
  write("a.json", "[1]");
  configure({"a.json"});
  CAF_CHECK_EQUAL(logged.count("cannot be read, it has no targets yet"), 1u);

  write("a.json", "[2, 3]"); // wrong in the same way
  advance(10s);
  CAF_CHECK_EQUAL(logged.count(warning), 1u);

  for (const auto* text : {"{}", "[1]"}) {
    write("a.json", text);
    advance(10s);
  }
  CAF_CHECK_EQUAL(logged.count(warning), 3u);

  advance(5min);
  CAF_CHECK_EQUAL(logged.count(warning), 4u);
}

CAF_TEST(a server that fails in another way is told once in a minute) {
  answers = net::response{503, ""};
  configure({}, {server()});
  answers = net::response{500, ""};

  advance(1min);
  CAF_CHECK_EQUAL(logged.count(warning), 2u);
}

CAF_TEST(a pattern that matches no file is told once) {
  configure({"*.json"});
  advance(10min);
  CAF_CHECK_EQUAL(logged.count("No file matches the pattern"), 1u);

  write("a.json", list_of("a:1"));
  advance(10s);
  CHECK_EQUAL(addresses, texts{"a:1"});
}

CAF_TEST(a bad file without a pattern is told when it is bad and mended) {
  write("a.json", "[\n1]");
  configure({"a.json"});

  CAF_CHECK_EQUAL(logged.count(warning), 1u);
  CAF_CHECK_EQUAL(logged.count("is read again"), 0u);

  write("a.json", list_of("a:1"));
  advance(10s);

  CHECK_EQUAL(addresses, texts{"a:1"});
  CAF_CHECK_EQUAL(logged.count("is read again"), 1u);
}

CAF_TEST(the end of a problem with a folder is told) {
  fs::create_directory_symlink("lists", folder / "lists"); // a loop: ELOOP
  configure({"lists/*.json"});
  CAF_CHECK_EQUAL(logged.count("cannot read the folder"), 1u);

  fs::remove(folder / "lists");
  advance(10s);

  CAF_CHECK_EQUAL(
      logged.count("is read again\" source=" + (folder / "lists").string()),
      1u);
}

CAF_TEST(a file that two patterns match is one list) {
  write("a.json", list_of("a:1"));

  configure({"*.json", "a.json"});

  CHECK_EQUAL(addresses, texts{"a:1"});
}

CAF_TEST(a folder that hangs delays only its own files) {
  hangs = true;
  write("a.json", list_of("a:1"));
  configure({"*.json", "none/*.json"});
  answers = answer(list_of("b:2"));
  advance(1min);
  CAF_CHECK_EQUAL(waiting.size(), 2u); // each was asked once

  waiting[0]();
  consume_messages();

  CHECK_EQUAL(addresses, texts{"a:1"});
  CAF_CHECK(!complete);
}

CAF_TEST(a lack of threads loses no target) {
  write("a.json", list_of("a:1"));
  configure({"*.json"});

  has_threads = false;
  advance(10min);
  CHECK_EQUAL(addresses, texts{"a:1"});

  has_threads = true;
  write("a.json", list_of("b:2"));
  advance(10s);
  CHECK_EQUAL(addresses, texts{"b:2"});
}

CAF_TEST(sources that stay in a new configuration keep their state) {
  write("a.json", list_of("a:1"));
  answers = answer(list_of("b:2"));
  configure({"*.json"}, {server(), server("http://other/")});
  CAF_CHECK_EQUAL(asked, 2);
  answers.reset();

  configure({"*.json"}, {server()});
  CHECK_EQUAL(addresses, (texts{"a:1", "b:2"}));
  CAF_CHECK_EQUAL(asked, 2);
  CAF_CHECK_EQUAL(counts.size(), 2u);

  configure({});
  CHECK_EQUAL(addresses, texts{});
  advance(10min);
  CAF_CHECK_EQUAL(asked, 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
