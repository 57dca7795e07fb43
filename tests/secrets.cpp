#define CAF_SUITE secrets

#include "config/web_config.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

using namespace betanet::config;
using namespace betanet::testing;

namespace {

constexpr auto hash =
    "$2y$10$abcdefghijklmnopqrstuuAuXeCk6cDyT9B/LbcW23Nl3ca8XWmMS";

std::string problems_of(const std::string& yaml) {
  try {
    parse_yaml(yaml, "f.yml");
  } catch (const invalid& e) {
    return e.what();
  }
  return "none";
}

std::string web_problems_of(const std::string& yaml) {
  std::vector<std::string> problems;
  parse_web_config(yaml, "w.yml", problems);
  return problems.empty() ? "none" : invalid(problems).what();
}

std::string with_client(const std::string& client) {
  return "targets:\n - url: https://x\n   http_client_config: {" + client + "}";
}

/// Checks that a value is refused and that the message does not show it.
void check_hidden(const std::string& problems, const std::string& input) {
  if (problems == "none")
    CAF_FAIL("accepted: " << input);
  if (problems.find("canary") != problems.npos)
    CAF_FAIL("shown: " << problems);
  CAF_CHECK(true);
}

const std::vector<std::string> urls{"http://user:canary@host:9000",
                                    "https://canary:pw@host",
                                    "http://user:canary@host:99999",
                                    "http://user:canary@ho st",
                                    "http://user:canary @host",
                                    "http://user:canary",
                                    "http://user:canary/x@host",
                                    "http://user:12/canary@host",
                                    "http://user:12/?canary@host",
                                    "http://user:1#canary@host",
                                    "http:// user:canary@host",
                                    "http//user:canary@host",
                                    "http:/user:canary@host",
                                    "http:user:canary@host",
                                    "user:canary@host",
                                    "user:canary",
                                    "canary@host",
                                    "://user:canary@host",
                                    "ftp://user:canary@host",
                                    "http://user:canary%40host",
                                    "http://user%3Acanary%40host",
                                    "http://user:canary%@host",
                                    "http://[user:canary@host",
                                    "http://user:canary@",
                                    "http://user:canary@@host",
                                    "http://host/?token=canary",
                                    "http://host#canary",
                                    "canary"};

} // namespace

CAF_TEST(no part of a malformed URL is shown) {
  for (const auto& url : urls) {
    check_hidden(problems_of("targets: [{url: \"" + url + "\"}]"), url);
    check_hidden(command{}.flag("--betanet.url=" + url).problems(), url);
    check_hidden(command{}.flag("--betanet.url").flag(url).problems(), url);
    check_hidden(command{}.env("BETANET_URL", url).problems(), url);
  }
}

CAF_TEST(a URL in a wrong place is not shown) {
  const std::string url = "http://user:canary@host";

  for (const std::string key :
       {"log: {level: @}", "cache: {ttl: @}", "retry: {delays: [@]}",
        "collection: {max_body_bytes: @}", "collection: {latency_buckets: [@]}",
        "web: {listen_addresses: [@]}", "web: {telemetry_path: @}",
        "targets: [{name: a, url: @}]", "targets: [{@: 1}]", "{@: 1}",
        "targets: [{url: \"http://a\", endpoints: {metrics: @}}]"}) {
    auto yaml = key;
    yaml.replace(yaml.find('@'), 1, "\"" + url + "\"");
    check_hidden(problems_of(yaml), yaml);
  }
  for (const auto& word : std::vector<std::string>{
           url, "--" + url, "--betanet.ulr=" + url, "--log.level=" + url,
           "--log.format", "--config.check=" + url, "--healthcheck=" + url,
           "--web.listen-address=" + url,
           "--config.auto-reload-interval=" + url})
    check_hidden(command{}.flag(word).flag(url).problems(), word);
  for (const std::string variable :
       {"BETANET_EXPORTER_CONFIG_CHECK", "BETANET_EXPORTER_LOG_LEVEL",
        "BETANET_EXPORTER_RETRY_DELAYS"})
    check_hidden(command{}.env(variable, url).problems(), variable);
}

CAF_TEST(malformed credentials of a target are not shown) {
  for (const std::string client :
       {"basic_auth: canary",
        "basic_auth: [canary]",
        "basic_auth: {password: [canary]}",
        "basic_auth: {password: {canary: }}",
        "basic_auth: {username: [canary], password: canary}",
        "basic_auth: {password: canary, password_file: canary}",
        "basic_auth: {password: canary, password: canary}",
        "basic_auth: {\"alice:canary@x\": }",
        "basic_auth: {password: *canary}",
        "basic_auth: {password: \"canary\\q\"}",
        "basic_auth: {password: !<canary x}",
        "basic_auth: {username: canary}, authorization: {credentials: canary}",
        "authorization: canary",
        "authorization: {credentials: [canary]}",
        "authorization: {type: \"Bearer canary\"}",
        "authorization: {type: basic, credentials: canary}",
        "authorization: {\"Bearer canary\": }",
        "authorization: {type: [canary]}",
        "bearer_token: canary",
        "oauth2: {client_secret: canary}",
        "proxy_url: \"http://u:canary@p\"",
        "http_headers: canary",
        "http_headers: [canary]",
        "http_headers: {A: canary}",
        "http_headers: {A: {values: canary}}",
        "http_headers: {A: {secrets: canary}}",
        "http_headers: {A: {files: canary}}",
        "http_headers: {A: {secrets: [[canary]]}}",
        "http_headers: {\"Authorization: Bearer canary\": {values: [x]}}",
        "http_headers: {A: {\"Bearer canary\": x}}",
        "http_headers: {Authorization: {values: [canary]}}",
        "tls_config: canary",
        "tls_config: {key: [canary], cert: x}",
        "tls_config: {key: canary}",
        "tls_config: {cert: canary}",
        "tls_config: {key: canary, key_file: canary, cert: x}",
        "tls_config: {server_name: \"canary pw\"}"})
    check_hidden(problems_of(with_client(client)), client);
}

CAF_TEST(malformed secrets of the web configuration are not shown) {
  for (const auto& yaml :
       {std::string{"basic_auth_users: canary"},
        std::string{"basic_auth_users: [canary]"},
        std::string{"basic_auth_users: {a: canary}"},
        std::string{"basic_auth_users: {a: [canary]}"},
        std::string{"basic_auth_users: {a: {canary: 1}}"},
        std::string{"basic_auth_users: {a: \"$2y$10$canary\"}"},
        std::string{"basic_auth_users: {\"a:canary\": "} + hash + "}",
        std::string{"basic_auth_users: {\"a:canary\": }"},
        std::string{"tls_server_config: {key: [canary], cert: c}"},
        std::string{"tls_server_config: {key: canary}"},
        std::string{"tls_server_config: {key: canary, key_file: k, cert: c}"},
        std::string{"tls_server_config: canary"},
        std::string{"rate_limit: {interval: \"$2y$10$canary\"}"},
        std::string{"http_server_config: {headers: {X-Frame-Options: "
                    "\"Bearer canary\"}}"},
        std::string{"basic_auth_users: {a: *canary}"}})
    check_hidden(web_problems_of(yaml), yaml);
}

CAF_TEST(a key in the place of the name of its file is not shown) {
  const std::string key = "-----BEGIN PRIVATE KEY-----\ncanary";

  for (const auto& file : {key, "/etc/" + key}) {
    secret s{"", file};
    std::vector<std::string> problems;
    reveal_all({&s}, problems);

    CAF_REQUIRE_EQUAL(problems.size(), 1u);
    check_hidden(problems[0], key);
  }
}
