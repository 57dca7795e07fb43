#define CAF_SUITE shard

#include "config/shard.hpp"

#include "config/config.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <fstream>

using namespace betanet;
using betanet::testing::command;
using betanet::testing::temporary_file;

namespace {

std::vector<std::uint64_t> owners(const std::string& key) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t count = 2; count <= 5; ++count)
    all.push_back(config::owner(key, count));
  return all;
}

std::string index_of(const std::string& text, std::uint64_t count) {
  try {
    return std::to_string(config::parse_shard_index(text, count));
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

} // namespace

CAF_TEST(the owner is that of the hashmod action of Prometheus) {
  // model/relabel/relabel_test.go in Prometheus
  CAF_CHECK_EQUAL(config::owner("baz", 1000), 976u);
  CAF_CHECK_EQUAL(config::owner("foo\nbar", 1000), 734u);
  CAF_CHECK_EQUAL(config::owner("10.0.0.1:9000", 1000), 158u);

  // hashmod of Prometheus 2.42 for 2, 3, 4 and 5 shards
  using row = std::vector<std::uint64_t>;
  CHECK_EQUAL(owners("10.0.0.1:9000"), (row{0, 1, 2, 3}));
  CHECK_EQUAL(owners("http://betanet-eu:9000"), (row{1, 1, 1, 3}));
  CHECK_EQUAL(owners("eu-1"), (row{0, 0, 2, 3}));
  CHECK_EQUAL(owners("eu-2"), (row{0, 0, 2, 3}));
  CHECK_EQUAL(owners(""), (row{0, 1, 2, 3}));
}

// tests/fleet.py write has asked a real Prometheus.
CAF_TEST(10 000 URLs have the owners that a real Prometheus gives them) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i)
    keys.push_back("http://10." + std::to_string(i >> 8) + "." +
                   std::to_string(i & 255) + ".1:9000");
  std::ifstream in{SOURCE_DIR "/tests/hashmod.json"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto digests = boost::json::parse(text);

  CAF_CHECK_EQUAL(digests.as_object().size(), 16u);
  for (const auto& [count, expected] : digests.as_object()) {
    std::uint64_t digest = 0xcbf29ce484222325; // FNV-1a of one byte an owner
    for (const auto& key : keys) {
      digest ^= config::owner(key, std::stoull(std::string{count}));
      digest *= 0x100000001b3;
    }
    std::array<char, 17> shown{};
    std::snprintf(shown.data(), shown.size(), "%016llx",
                  static_cast<unsigned long long>(digest));
    CAF_CHECK_EQUAL(std::string{shown.data()},
                    std::string{expected.as_string().c_str()});
  }
}

CAF_TEST(targets are spread evenly and one process owns all) {
  std::array<int, 4> counts{};
  for (int i = 0; i < 10'000; ++i) {
    const auto key = "http://10.0." + std::to_string(i / 250) + "." +
                     std::to_string(i % 250) + ":9000";
    ++counts.at(config::owner(key, 4));
    CAF_CHECK_EQUAL(config::owner(key, 1), 0u);
  }

  for (const auto n : counts)
    CAF_CHECK(n > 2300 && n < 2700);
}

CAF_TEST(an index is a number or the end of the name of a pod) {
  CAF_CHECK_EQUAL(index_of("0", 4), "0");
  CAF_CHECK_EQUAL(index_of("3", 4), "3");
  CAF_CHECK_EQUAL(index_of("betanet-exporter-2", 4), "2");
  CAF_CHECK_EQUAL(index_of("eu-1-10", 16), "10");

  CAF_CHECK_EQUAL(index_of("4", 4), "\"4\" is not between 0 and 3");
  CAF_CHECK_EQUAL(index_of("betanet-exporter-4", 4),
                  "\"4\" is not between 0 and 3");
  for (const auto* bad :
       {"", "betanet-exporter", "betanet-exporter-", "eu1", "x1", "-", "1x"})
    CHECK_CONTAINS(index_of(bad, 4), "is not a number or the name of a pod");
  CHECK_CONTAINS(index_of("-1", 4), "1"); // as a pod without a name
  CHECK_CONTAINS(index_of("99999999999999999999", 4), "is not between");
}

CAF_TEST(the flags of sharding belong together) {
  CAF_CHECK_EQUAL(command{}.flag("--shard.count=2").problems(),
                  "--shard.count: --shard.index is missing, the two belong "
                  "together");
  CAF_CHECK_EQUAL(command{}.env("BETANET_EXPORTER_SHARD_INDEX", "1").problems(),
                  "BETANET_EXPORTER_SHARD_INDEX: --shard.count is missing, the "
                  "two belong together");
  CAF_CHECK_EQUAL(
      command{}.flag("--shard.count=2").flag("--shard.index=2").problems(),
      "--shard.index: \"2\" is not between 0 and 1");
  CAF_CHECK_EQUAL(
      command{}.flag("--shard.count=0").flag("--shard.index=0").problems(),
      "--shard.count: \"0\" is not between 1 and 10000");

  const auto s = command{}
                     .flag("--shard.count=4")
                     .env("BETANET_EXPORTER_SHARD_INDEX", "betanet-3")
                     .load()
                     .settings;
  CAF_REQUIRE(s.shard);
  CAF_CHECK_EQUAL(s.shard->count, 4u);
  CAF_CHECK_EQUAL(s.shard->index, 3u);
  CAF_CHECK(!command{}.load().settings.shard);
}

CAF_TEST(the configured targets of other shards are dropped) {
  const temporary_file file{"targets:\n"
                            "- {name: a, url: 'http://betanet-eu:9000'}\n"
                            "- {name: b, url: 'http://Betanet-EU:9000/x'}\n"};
  const auto load = [&](const std::string& index) {
    return command{}
        .flag("--config.file=" + file.path)
        .flag("--shard.count=2")
        .flag("--shard.index=" + index)
        .load()
        .settings;
  };

  const auto own = load("1");
  const auto other = load("0");

  CAF_REQUIRE_EQUAL(own.targets.size() + other.targets.size(), 2u);
  CAF_REQUIRE_EQUAL(own.targets.size(), 1u + (other.targets.empty() ? 1u : 0u));
  CAF_CHECK_EQUAL(own.targets[0].name, "a");
  CAF_CHECK_EQUAL(other.targets_elsewhere.at("a"), "http://betanet-eu:9000");
}

CAF_TEST(a shard without targets is a warning that says why) {
  const temporary_file file{"targets: [{name: a, url: 'http://betanet-eu:9000'}"
                            "]"};
  const auto s = command{}
                     .flag("--config.file=" + file.path)
                     .flag("--shard.count=2")
                     .flag("--shard.index=0")
                     .load()
                     .settings;

  CHECK_EQUAL(config::warnings_about(s),
              std::vector<std::string>{"targets: all belong to other shards, "
                                       "nothing will be collected"});
}
