#define CAF_SUITE discovery_reader

#include "config/config.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::config;
using betanet::testing::command;
using betanet::testing::temporary_file;

namespace {

std::string problems_of(const std::string& yaml) {
  try {
    parse_yaml(yaml, "/etc/x/f.yml");
    return "none";
  } catch (const invalid& e) {
    const std::string all = e.what();
    return all.substr(std::min(all.size(), all.find(": ") + 2));
  }
}

settings parse(const std::string& yaml) {
  return parse_yaml(yaml, "/etc/x/f.yml");
}

using texts = std::vector<std::string>;

} // namespace

CAF_TEST(names of target files follow the rule of Prometheus) {
  const auto s = parse("target_files: ['targets/*.yml', /a/b.json, x*y.YAML, "
                       "'*.JSON', '[ab]?.yaml']");

  CHECK_EQUAL(s.target_files,
              (texts{"/etc/x/targets/*.yml", "/a/b.json", "/etc/x/x*y.YAML",
                     "/etc/x/*.JSON", "/etc/x/[ab]?.yaml"}));
  for (const std::string bad :
       {"*/a.yml", "a", "a.txt", "a.Json", "a.yml/*", "''"})
    CHECK_CONTAINS(problems_of("target_files: ['" + bad + "']"),
                   "target_files: ");
  CAF_CHECK_EQUAL(problems_of("target_files: ['*/a.yml']"),
                  "target_files: */a.yml does not end in .json, .yml or .yaml, "
                  "or has a * before its last part");
  CAF_CHECK_EQUAL(problems_of("target_files: [a.yml, a.yml]"),
                  "target_files: a.yml is listed twice");
  CAF_CHECK_EQUAL(problems_of("target_files: a.yml"),
                  "target_files: expected a list, found a value");
}

CAF_TEST(a server of targets has its own client) {
  const auto s = parse(R"(
http_sd:
- url: https://lists:8443/targets/?token=sesame
  refresh_interval: 5s
  http_client_config:
    basic_auth: {username: alice, password_file: secret}
- url: http://other
)");

  CAF_REQUIRE_EQUAL(s.target_servers.size(), 2u);
  const auto& first = s.target_servers[0];
  CAF_CHECK(first.url.tls);
  CAF_CHECK_EQUAL(first.resource, "/targets/?token=sesame");
  CAF_CHECK_EQUAL(to_string(first), "https://lists:8443/targets/");
  CHECK_EQUAL(first.refresh_interval, 5s);
  CAF_CHECK_EQUAL(first.http_client.basic_auth->password.file, "/etc/x/secret");
  CAF_CHECK_EQUAL(s.target_servers[1].resource, "/");
  CHECK_EQUAL(s.target_servers[1].refresh_interval, 60s);
}

CAF_TEST(the keys of a server are checked) {
  CAF_CHECK_EQUAL(problems_of("http_sd: [{}]"),
                  "http_sd.url: missing, a URL such as http://targets:8080/ is "
                  "expected");
  CAF_CHECK_EQUAL(problems_of("http_sd: [~]"),
                  "http_sd: expected a mapping, found nothing");
  CAF_CHECK_EQUAL(problems_of("http_sd: {}"),
                  "http_sd: expected a list, found a mapping");
  CAF_CHECK_EQUAL(problems_of("http_sd: [{url: 'http://a', ulr: x}]"),
                  "http_sd.ulr: unknown key, did you mean \"url\"?");
  CAF_CHECK_EQUAL(
      problems_of("http_sd: [{url: 'http://a', refresh_interval: 1ms}]"),
      "http_sd.refresh_interval: \"1ms\" is not between 1s and 1d");
  CAF_CHECK_EQUAL(problems_of("http_sd: [{url: 'http://a'}, {url: "
                              "'http://a/'}]"),
                  "http_sd.url: the URL is listed twice");
  CAF_CHECK_EQUAL(problems_of("http_sd: [{url: 'http://a', "
                              "http_client_config: {oauth2: {}}}]"),
                  "http_sd.http_client_config.oauth2: not supported");
  CHECK_CONTAINS(problems_of("http_sd: [{url: 'http://u:sesame@a'}]"),
                 "http_client_config");
  CHECK_NOT_CONTAINS(problems_of("http_sd: [{url: 'http://u:sesame@a'}]"),
                     "sesame");
}

CAF_TEST(with discovery no target is the default) {
  CAF_CHECK(parse("target_files: [a.yml]").targets.empty());
  CAF_CHECK(parse("http_sd: [{url: 'http://a'}]").targets.empty());
  CHECK_EQUAL(warnings_about(parse("target_files: [a.yml]")), texts{});
  CAF_CHECK_EQUAL(parse("target_files: []").targets.size(), 1u);
}

CAF_TEST(with discovery every target needs a name) {
  CHECK_CONTAINS(
      problems_of("target_files: [a.yml]\ntargets: [{url: 'http://a'}]"),
      "target.name: missing");
  CHECK_CONTAINS(
      problems_of("targets: [{url: 'http://a'}]\ntarget_files: [a.yml]"),
      "target.name: missing");
}

CAF_TEST(one URL cannot replace discovered targets) {
  const temporary_file file{"target_files: [a.yml]"};

  CAF_CHECK_EQUAL(command{}
                      .flag("--config.file=" + file.path)
                      .flag("--betanet.url=http://b")
                      .problems(),
                  "--betanet.url: the file has target_files or http_sd, one "
                  "URL cannot replace their targets");
}

CAF_TEST(the printed configuration is read again and shows no secret) {
  const auto s = parse("target_files: ['*.yml']\n"
                       "http_sd: [{url: 'http://a/?token=sesame', "
                       "http_client_config: {authorization: {credentials: "
                       "sesame}}}]");

  const auto printed = to_yaml(s);

  CHECK_NOT_CONTAINS(printed, "sesame");
  CHECK_CONTAINS(printed, "url: http://a:80/?<secret>");
  CHECK_CONTAINS(printed, "/etc/x/*.yml");
  CHECK_CONTAINS(to_yaml(parse("target_files: ['*.yml']")),
                 to_yaml(parse(to_yaml(parse("target_files: ['*.yml']")))));
}
