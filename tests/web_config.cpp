#define CAF_SUITE web_config

#include "config/web_config.hpp"

#include "tests/suite.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace betanet::config;
using namespace std::chrono_literals;

namespace {

/// Throws what is wrong.
web_config parse(const std::string& yaml, const std::string& file = "w.yml") {
  std::vector<std::string> problems;
  auto found = parse_web_config(yaml, file, problems);
  if (!problems.empty())
    throw invalid(std::move(problems));
  return found;
}

std::string problems_of(const std::string& yaml) {
  try {
    parse(yaml);
    return "none";
  } catch (const invalid& e) {
    return e.what();
  }
}

const std::string hash =
    "$2y$10$abcdefghijklmnopqrstuuAuXeCk6cDyT9B/LbcW23Nl3ca8XWmMS";

std::string tls(const std::string& more) {
  return "tls_server_config: {cert: c, key: k" +
         (more.empty() ? "" : ", " + more) + "}";
}

} // namespace

CAF_TEST(an empty file gives the defaults) {
  for (const auto* yaml : {"", "{}", "# nothing", "tls_server_config:",
                           "tls_server_config: {}", "basic_auth_users:"})
    CHECK_EQUAL(parse(yaml), web_config{});
}

CAF_TEST(every key of the toolkit is read) {
  const auto c =
      parse("tls_server_config:\n"
            "  cert_file: server.crt\n"
            "  key_file: /k/server.key\n"
            "  client_auth_type: RequireAndVerifyClientCert\n"
            "  client_ca_file: ca.pem\n"
            "  client_allowed_sans: [prom.test, 10.0.0.1]\n"
            "  min_version: TLS11\n"
            "  max_version: TLS12\n"
            "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,\n"
            "                  TLS_AES_128_GCM_SHA256]\n"
            "  prefer_server_cipher_suites: false\n"
            "  curve_preferences: [X25519, CurveP256]\n"
            "http_server_config:\n"
            "  http2: true\n"
            "  headers: { X-Frame-Options: deny, X-XSS-Protection: \"0\" }\n"
            "basic_auth_users: { alice: " +
            hash +
            " }\n"
            "rate_limit: { interval: 1s, burst: 20 }\n");

  CAF_REQUIRE(c.tls.has_value());
  CAF_CHECK_EQUAL(c.tls->cert.file, "server.crt");
  CAF_CHECK_EQUAL(c.tls->key.file, "/k/server.key");
  CHECK_EQUAL(c.tls->client_auth_type, client_auth::require_and_verify);
  CAF_CHECK_EQUAL(c.tls->client_ca.file, "ca.pem");
  CAF_CHECK_EQUAL(c.tls->client_allowed_sans,
                  (std::vector<std::string>{"prom.test", "10.0.0.1"}));
  CHECK_EQUAL(c.tls->min_version, tls_version::tls11);
  CHECK_EQUAL(c.tls->max_version, tls_version::tls12);
  CAF_CHECK_EQUAL(c.tls->cipher_suites,
                  (std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256",
                                            "TLS_AES_128_GCM_SHA256"}));
  CAF_CHECK(!c.tls->prefer_server_cipher_suites);
  CAF_CHECK_EQUAL(c.tls->curve_preferences,
                  (std::vector<std::string>{"X25519", "P-256"}));
  CAF_CHECK(c.http2);
  CAF_CHECK_EQUAL(c.headers.size(), 2u);
  CAF_CHECK_EQUAL(c.users.at("alice"), hash);
  CHECK_EQUAL(c.rate_limit.interval, 1s);
  CAF_CHECK_EQUAL(c.rate_limit.burst, 20);
  CAF_REQUIRE_EQUAL(c.warnings.size(), 1u);
  CHECK_CONTAINS(c.warnings[0], ": http_server_config.http2: HTTP/2 is not");
}

CAF_TEST(files are named relative to the file) {
  const auto c =
      parse("tls_server_config: {cert_file: a/c.pem, key_file: /k.pem}",
            "/etc/betanet/web.yml");

  CAF_CHECK_EQUAL(c.tls->cert.file, "/etc/betanet/a/c.pem");
  CAF_CHECK_EQUAL(c.tls->key.file, "/k.pem");
}

CAF_TEST(dollar signs are not expanded) {
  ::setenv("y", "expanded", 1);

  const auto c = parse("basic_auth_users: {a: " + hash + "}");

  CAF_CHECK_EQUAL(c.users.at("a"), hash);
}

CAF_TEST(each client policy has its name) {
  const std::vector<std::pair<std::string, client_auth>> all{
      {"NoClientCert", client_auth::none},
      {"RequestClientCert", client_auth::request},
      {"RequireAnyClientCert", client_auth::require_any},
      {"RequireClientCert", client_auth::require_any},
      {"VerifyClientCertIfGiven", client_auth::verify_if_given},
      {"RequireAndVerifyClientCert", client_auth::require_and_verify}};

  for (const auto& [name, value] : all)
    CHECK_EQUAL(parse(tls("client_auth_type: " + name)).tls->client_auth_type,
                value);
}

CAF_TEST(cipher suites of TLS 1.3 alone set the lowest version) {
  const auto c = parse(tls("cipher_suites: [TLS_AES_256_GCM_SHA384]"));

  CHECK_EQUAL(c.tls->min_version, tls_version::tls13);
}

CAF_TEST(invalid files are refused with place and reason) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"tls_server_confi: {}", "w.yml:1:1: tls_server_confi: unknown key, did "
                               "you mean \"tls_server_config\"?"},
      {"basic_auth_users: {}\nbasic_auth_users: {}",
       "w.yml:2:1: basic_auth_users: duplicate key, each key may occur once"},
      {"tls_server_config: {cert: c}",
       "w.yml:1:20: tls_server_config: missing one of key or key_file"},
      {"tls_server_config: {key_file: k}",
       "w.yml:1:20: tls_server_config: missing one of cert or cert_file"},
      {"tls_server_config: {cert: c, cert_file: c, key: k}",
       "w.yml:1:20: tls_server_config: at most one of cert & cert_file must be "
       "configured"},
      {tls("client_ca: x"),
       "w.yml:1:20: tls_server_config: client CA's have been configured "
       "without a Client Auth Policy"},
      {tls("client_allowed_sans: [x]"),
       "w.yml:1:20: tls_server_config: client_allowed_sans have been "
       "configured without a Client Auth Policy"},
      {tls("client_auth_type: Sometimes"),
       "w.yml:1:56: tls_server_config.client_auth_type: \"Sometimes\" is not "
       "one "
       "of NoClientCert, RequestClientCert, RequireAnyClientCert, "
       "RequireClientCert, VerifyClientCertIfGiven, "
       "RequireAndVerifyClientCert"},
      {tls("min_version: SSL30"), "w.yml:1:51: tls_server_config.min_version: "
                                  "\"SSL30\" is not one of TLS10, "
                                  "TLS11, TLS12, TLS13"},
      {tls("min_version: TLS13, max_version: TLS12"),
       "w.yml:1:20: tls_server_config: min_version is above max_version"},
      {tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"),
       "w.yml:1:54: tls_server_config.cipher_suites: unknown cipher "
       "\"TLS_RSA_WITH_RC4_128_SHA\""},
      {tls("max_version: TLS12, cipher_suites: [TLS_AES_256_GCM_SHA384]"),
       "w.yml:1:20: tls_server_config: none of the cipher_suites can be "
       "used below TLS13"},
      {tls("curve_preferences: [P-256]"),
       "w.yml:1:58: tls_server_config.curve_preferences: unknown curve "
       "\"P-256\""},
      {"http_server_config: {headers: {Server: x}}",
       "w.yml:1:40: http_server_config.headers.Server: HTTP header \"Server\" "
       "can not be configured"},
      {"http_server_config: {headers: {X-Frame-Options: allow}}",
       "w.yml:1:49: http_server_config.headers.X-Frame-Options: \"allow\" is "
       "not deny or sameorigin"},
      {"http_server_config: {headers: {X-Content-Type-Options: sniff}}",
       "w.yml:1:56: http_server_config.headers.X-Content-Type-Options: "
       "\"sniff\" is not nosniff"},
      {"http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nB: c\"}}",
       "w.yml:1:50: http_server_config.headers.X-XSS-Protection: the value "
       "contains a control character"},
      {"http_server_config: {http2: maybe}",
       "w.yml:1:29: http_server_config.http2: \"maybe\" is not one of true, "
       "false"},
      {"basic_auth_users: {\"a:b\": " + hash + "}",
       "w.yml:1:20: basic_auth_users: a user name must not contain a colon"},
      {"basic_auth_users: {a: }",
       "w.yml:1:20: basic_auth_users.a: the bcrypt hash is missing"},
      {"basic_auth_users: {a: \"$2y$17$" + hash.substr(7) + "\"}",
       "w.yml:1:23: basic_auth_users.a: a bcrypt cost above 16 is refused, "
       "because a login would take many seconds; htpasswd -nBC 10 NAME makes a "
       "quicker hash"},
      {"rate_limit: {burst: 1.5}",
       "w.yml:1:21: rate_limit.burst: \"1.5\" is not a whole number"},
      {tls("client_auth_type: RequestClientCert, client_allowed_sans: []"),
       "w.yml:1:96: tls_server_config.client_allowed_sans: an empty list would "
       "refuse every client"},
      {"\"a\\e[31m\": 1", "w.yml:1:1: a\\x1b[31m: unknown key"},
      {"rate_limit: {interval: 1.5}", "w.yml:1:24: rate_limit.interval: "
                                      "\"1.5\" is not a duration such as 250ms "
                                      "or 1.5s"},
      {"rate_limit: {interval: 1.5.s}",
       "w.yml:1:24: rate_limit.interval: \"1.5.\" is not a finite number"},
      {"rate_limit: {interval: 9223372036854775807}", // a double rounds it up
       "w.yml:1:24: rate_limit.interval: \"9223372036854775807\" is longer "
       "than 292 years"},
      {"rate_limit: {interval: 9999999h}",
       "w.yml:1:24: rate_limit.interval: \"9999999h\" is longer than 292 "
       "years"}};

  for (const auto& [yaml, expected] : table)
    CAF_CHECK_EQUAL(problems_of(yaml), expected);
}

CAF_TEST(invalid hashes are refused and not shown) {
  auto bad = std::vector<std::string>{"hunter2",
                                      hash.substr(1),
                                      "$1$" + hash.substr(3),
                                      "$2y$03" + hash.substr(6),
                                      "$2y$32" + hash.substr(6),
                                      "$2x" + hash.substr(3),
                                      "$2y$1a" + hash.substr(6),
                                      "$2y.10" + hash.substr(6),
                                      "$2y$10." + hash.substr(7),
                                      hash.substr(0, 59),
                                      hash + "a"};
  bad.push_back(hash);
  bad.back()[30] = '!';

  for (const auto& h : bad) {
    const auto problem = problems_of("basic_auth_users: {a: \"" + h + "\"}");
    CAF_CHECK_EQUAL(problem.substr(0, 50),
                    "w.yml:1:23: basic_auth_users.a: not a bcrypt hash ");
    CHECK_NOT_CONTAINS(problem, h.substr(0, 7) + "abc");
    CHECK_NOT_CONTAINS(problem, "hunter2");
  }
}

CAF_TEST(values are read as the toolkit reads them) {
  for (const auto* yes : {"true", "True", "yes", "on"})
    CAF_CHECK(
        parse("http_server_config: {http2: " + std::string{yes} + "}").http2);
  for (const auto* no : {"false", "No", "off", "", "~"})
    CAF_CHECK(
        !parse("http_server_config: {http2: " + std::string{no} + "}").http2);

  const auto interval = [](const std::string& text) {
    return parse("rate_limit: {burst: 1, interval: " + text + "}")
        .rate_limit.interval;
  };

  CHECK_EQUAL(interval("1.5s"), 1500ms);
  CHECK_EQUAL(interval("1m30s"), 90s);
  CHECK_EQUAL(interval("250us"), 250us);
  CHECK_EQUAL(interval("10ns"), 10ns);
  CHECK_EQUAL(interval("240h"), 240h);
  CHECK_EQUAL(interval("0"), 0s);
  CHECK_EQUAL(interval("7"), 7ns); // as Go's yaml.v2 reads a bare number
  CHECK_EQUAL(interval("-1m30s"), -90s);
  CHECK_EQUAL(interval("~"), 0s);

  const auto c = parse(tls("client_ca_file: , client_auth_type: , "
                           "client_allowed_sans: , min_version: "));
  CAF_CHECK(!c.tls->client_ca.given());
  CHECK_EQUAL(c.tls->min_version, tls_version::tls12);
}

CAF_TEST(a long list of problems is cut) {
  std::string yaml = "basic_auth_users:\n";
  for (int i = 0; i < 1000; ++i)
    yaml += "  u" + std::to_string(i) + ": x\n";

  const auto problems = problems_of(yaml);

  CAF_CHECK_EQUAL(std::count(problems.begin(), problems.end(), '\n'), 100);
  CAF_CHECK(problems.ends_with("\nw.yml: and more problems"));

  CAF_CHECK_EQUAL(problems_of(std::string(5000, '[')).substr(0, 100),
                  "w.yml:1:33: nested in more than 32 levels");
}

CAF_TEST(bcrypt has three letters and costs from 04 on) {
  for (const std::string start : {"$2a$10", "$2b$10", "$2y$10", "$2y$04"}) {
    const auto one = start + hash.substr(6);
    const auto c = parse("basic_auth_users: {a: " + one + "}");
    CAF_CHECK_EQUAL(c.users.at("a"), one);
  }
  for (const std::string cost : {"17", "31"})
    CHECK_CONTAINS(problems_of("basic_auth_users: {a: \"$2y$" + cost +
                               hash.substr(6) + "\"}"),
                   "a bcrypt cost above 16 is refused");
}

CAF_TEST(the value of a header has no control characters) {
  const auto with = [](const std::string& c) {
    return problems_of("http_server_config: {headers: {X-XSS-Protection: \"a" +
                       c + "b\"}}");
  };

  for (const auto* good : {" ", "~", "\u00e9"})
    CAF_CHECK_EQUAL(with(good), "none");
  for (const auto* bad : {"\\0", "\\x1f", "\\x7f", "\\n"})
    CHECK_CONTAINS(with(bad), "the value contains a control character");
}

CAF_TEST(HTTP 2 is accepted with a warning) {
  const auto warnings = [](const std::string& value) {
    return parse("http_server_config: {http2: " + value + "}").warnings;
  };

  CAF_CHECK(warnings("false").empty());
  CHECK_EQUAL(warnings("true"),
              (std::vector<std::string>{
                  "w.yml:1:29: http_server_config.http2: HTTP/2 is not "
                  "supported, clients get HTTP/1.1"}));
}

CAF_TEST(the versions of TLS may be one) {
  const auto c = parse(tls("min_version: TLS12, max_version: TLS12"));

  CHECK_EQUAL(c.tls->min_version, tls_version::tls12);
  CHECK_EQUAL(c.tls->max_version, tls_version::tls12);
}

CAF_TEST(a hash that takes seconds is accepted with a warning) {
  auto slow = hash;

  for (const auto& [cost, warnings] :
       std::vector<std::pair<std::string, std::size_t>>{
           {"14", 0}, {"15", 1}, {"16", 1}}) {
    slow.replace(4, 2, cost);
    CAF_CHECK_EQUAL(
        parse("basic_auth_users: {a: " + slow + "}").warnings.size(), warnings);
  }
}

CAF_TEST(a rate that admits nobody is accepted with a warning) {
  const auto warnings = [](const std::string& rate) {
    return parse("rate_limit: {" + rate + "}").warnings;
  };
  const auto nobody = [](const std::string& place) {
    return std::vector<std::string>{
        "w.yml:" + place +
        ": rate_limit.burst: without a burst of at least 1, every request that "
        "is limited gets 429"};
  };
  const std::vector<std::string> unit{
      "w.yml:1:24: rate_limit.interval: a number without a unit is one of "
      "nanoseconds, 1s is a second"};

  CHECK_EQUAL(warnings("interval: 1s"), nobody("1:13"));
  CHECK_EQUAL(warnings("interval: 1s, burst: 0"), nobody("1:35"));
  CHECK_EQUAL(warnings("interval: 1s, burst: -1"), nobody("1:35"));
  for (const auto* bare : {"5", "+5", "-5", "10"})
    CHECK_EQUAL(warnings("interval: " + std::string{bare} + ", burst: 1"),
                unit);
  for (const auto* fine : {"interval: 0, burst: 0", "interval: 0s", "burst: 0",
                           "interval: -1s", "interval: 1s, burst: 1"})
    CAF_CHECK(warnings(fine).empty());
}

CAF_TEST(names of files are replaced by their content) {
  const std::string folder = "/tmp/web_config_test." + std::to_string(getpid());
  CAF_REQUIRE_EQUAL(std::system(("mkdir " + folder).c_str()), 0);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream{folder + "/" + name} << text;
  };
  write("c", "certificate\n");
  write("w.yml", "\n\ntls_server_config: {cert_file: c, key_file: k}\n");
  const auto read = [&] {
    std::vector<std::string> problems;
    const auto c =
        with_files(parse("tls_server_config: {cert_file: c, key_file: k}",
                         folder + "/w.yml"),
                   problems);
    problems.push_back(c.tls->cert.text + "|" + c.tls->cert.file + "|" +
                       c.tls->key.text);
    return problems;
  };

  CAF_CHECK_EQUAL(read(), (std::vector<std::string>{
                              folder +
                                  "/w.yml:1:45: tls_server_config.key_file: "
                                  "cannot read " +
                                  folder +
                                  "/k: No such file or directory, a readable "
                                  "file is expected",
                              "certificate||"}));

  write("k", "key");
  CAF_CHECK_EQUAL(read(), std::vector<std::string>{"certificate||key"});

  std::system(("rm -r " + folder).c_str());
}
