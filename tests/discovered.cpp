#define CAF_SUITE discovered

#include "config/discovered.hpp"

#include "tests/suite.hpp"

using namespace betanet;
using config::target_list;

namespace {

config::settings configured(const std::string& yaml = "targets: []") {
  return config::parse_yaml(yaml, "f.yml");
}

target_list listed(std::vector<std::string> addresses,
                   std::map<std::string, std::string> labels = {}) {
  return {"t.json", {{std::move(addresses), std::move(labels)}}};
}

/// Name and URL of each target.
std::vector<std::string> names(const config::merged_targets& m) {
  std::vector<std::string> all;
  for (const auto& t : m.targets)
    all.push_back(t.name + " " + to_string(t.url));
  return all;
}

using texts = std::vector<std::string>;

} // namespace

CAF_TEST(an address is an HTTP service with this name) {
  const auto m = merge_targets(
      configured(),
      {listed({"10.0.0.1:9000", "https://betanet-eu:9443/prefix", "a"})});

  CHECK_EQUAL(names(m), (texts{"10.0.0.1:9000 http://10.0.0.1:9000",
                               "betanet-eu:9443 "
                               "https://betanet-eu:9443/prefix",
                               "a:80 http://a:80"}));
  CHECK_EQUAL(m.warnings, texts{});
}

CAF_TEST(a discovered target inherits the blocks of the file) {
  const auto m = merge_targets(
      configured("collection: {interval: 7s}\ntargets: []"), {listed({"a:1"})});

  CHECK_EQUAL(m.targets.at(0).polling.collection.interval,
              std::chrono::seconds{7});
}

CAF_TEST(the label name is the name and other labels are shown) {
  const auto m = merge_targets(configured(),
                               {listed({"a:1"}, {{"name", "eu-1"},
                                                 {"region", "eu"},
                                                 {"empty", ""},
                                                 {"__meta_x", "1"},
                                                 {"url", "u"},
                                                 {"target", "t"},
                                                 {"exported_target", "e"}})});

  CHECK_EQUAL(names(m), (texts{"eu-1 http://a:1"}));
  const std::map<std::string, std::string> shown{
      {"exported_exported_target", "t"},
      {"exported_target", "e"},
      {"exported_url", "u"},
      {"region", "eu"}};
  CHECK_EQUAL(m.targets.at(0).labels, shown);
}

CAF_TEST(equal URLs are one target) {
  const auto m = merge_targets(
      configured("targets: [{name: own, url: 'http://A:1'}]"),
      {listed({"a:1", "b:2"}), listed({"http://B:2/"}, {{"name", "other"}})});

  CHECK_EQUAL(names(m), (texts{"own http://A:1", "b:2 http://b:2"}));
  CHECK_EQUAL(m.warnings,
              (texts{"t.json: the target \"a:1\" is left out: http://a:1 is "
                     "the target \"own\"",
                     "t.json: the target \"other\" is left out: http://b:2 is "
                     "the target \"b:2\""}));
}

CAF_TEST(a replica of a target is not discovered again) {
  const auto m =
      merge_targets(configured("targets: [{name: own, replicas: ['http://a:1', "
                               "'http://b:2']}]"),
                    {listed({"a:1", "b:2", "c:3"})});

  CHECK_EQUAL(names(m), (texts{"own http://a:1", "c:3 http://c:3"}));
  CAF_CHECK_EQUAL(m.warnings.size(), 2u);
}

CAF_TEST(of two targets with one name the first stays) {
  const auto m = merge_targets(
      configured("targets: [{name: x, url: 'http://own:1'}]"),
      {listed({"a:1"}, {{"name", "x"}}), listed({"b:2"}, {{"name", "y"}}),
       listed({"c:3"}, {{"name", "y"}})});

  CHECK_EQUAL(names(m), (texts{"x http://own:1", "y http://b:2"}));
  CHECK_EQUAL(m.warnings,
              (texts{"t.json: the target http://a:1 is left out: its name "
                     "\"x\" is that of http://own:1",
                     "t.json: the target http://c:3 is left out: its name "
                     "\"y\" is that of http://b:2"}));
}

CAF_TEST(targets without a valid URL or name are left out alone) {
  const auto m = merge_targets(
      configured(), {listed({"", "ftp://a", "b c:1", "d:1"}),
                     listed({"e:1"}, {{"name", std::string(201, 'x')}})});

  CHECK_EQUAL(names(m), (texts{"d:1 http://d:1"}));
  CAF_CHECK_EQUAL(m.warnings.size(), 4u);
  CHECK_CONTAINS(m.warnings.at(1), "the scheme is neither http nor https");
}

CAF_TEST(no warning shows a password) {
  const auto m =
      merge_targets(configured(), {listed({"http://user:sesame@host:1"})});

  CHECK_EQUAL(names(m), texts{});
  CHECK_CONTAINS(m.warnings.at(0), "http_client_config");
  CHECK_NOT_CONTAINS(m.warnings.at(0), "sesame");
}

CAF_TEST(only ten of many warnings are told) {
  std::vector<std::string> bad(25);

  const auto m = merge_targets(configured(), {listed(bad)});

  CAF_CHECK_EQUAL(m.warnings.size(), 11u);
  CAF_CHECK_EQUAL(m.warnings.back(),
                  "and 15 more discovered targets are left out");
}

CAF_TEST(ten warnings are told without a number of others) {
  const auto m =
      merge_targets(configured(), {listed(std::vector<std::string>(10))});

  CAF_CHECK_EQUAL(m.warnings.size(), 10u);
  CHECK_NOT_CONTAINS(m.warnings.back(), "more discovered targets");
}

CAF_TEST(a name has one to two hundred characters) {
  using config::is_target_name;
  std::string euros;
  for (int i = 0; i < 200; ++i)
    euros += "\xe2\x82\xac";

  CAF_CHECK(is_target_name("x"));
  CAF_CHECK(is_target_name(euros));
  for (const auto& bad :
       {std::string{}, euros + "x", std::string{"a\nb"}, std::string{"\xff"}})
    CAF_CHECK(!is_target_name(bad));
}

CAF_TEST(each target is in exactly one shard) {
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i)
    all.push_back("a" + std::to_string(i) + ":1");
  auto s = configured();

  std::multiset<std::string> found;
  for (std::uint64_t k = 0; k < 4; ++k) {
    s.shard = config::shard{4, k};
    for (const auto& t : merge_targets(s, {listed(all)}).targets) {
      found.insert(t.name);
      CAF_CHECK_EQUAL(config::owner(to_string(t.url), 4), k);
    }
  }

  CHECK_EQUAL(found, (std::multiset<std::string>(all.begin(), all.end())));
}

CAF_TEST(a name that another shard polls is taken) {
  auto s = configured();
  s.shard = config::shard{4, 0};
  s.targets_elsewhere = {{"x", "http://own:1"}};

  const auto m = merge_targets(s, {listed({"a:1"}, {{"name", "x"}})});

  CHECK_EQUAL(names(m), texts{});
  CAF_CHECK_EQUAL(m.warnings.size(), 1u);
}
