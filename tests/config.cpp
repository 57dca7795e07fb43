#define CAF_SUITE config

#include "config/config.hpp"

#include "config/file.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace betanet::config;
using namespace betanet::testing;

namespace {

std::string problems_of(const std::string& yaml) {
  try {
    parse_yaml(yaml, "f.yml", {}, {"/health"});
  } catch (const invalid& e) {
    return e.what();
  }
  return "none";
}

void check_defaults(const settings& s) {
  const auto& p = s.polling;
  CHECK_EQUAL(p.collection.interval, 15s);
  CHECK_EQUAL(p.collection.timeout, 5s);
  CAF_CHECK_EQUAL(p.collection.max_body_bytes, 1048576u);
  CHECK_EQUAL(p.collection.fallback, parse_fallback::last_known);
  CHECK_EQUAL(p.collection.latency_buckets,
              (std::vector{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
                           2.5, 5.0}));
  CHECK_EQUAL(p.retry.delays, (std::vector<duration>{1s, 2s, 4s}));
  CAF_CHECK_EQUAL(p.retry.jitter, 0.0);
  CAF_CHECK_EQUAL(p.circuit_breaker.failure_threshold, 5);
  CHECK_EQUAL(p.circuit_breaker.open_duration, 30s);
  CHECK_EQUAL(p.cache.ttl, 10s);
  CHECK_EQUAL(p.cache.max_stale, 5min);
  CAF_CHECK_EQUAL(to_string(s.web.listen_addresses.at(0)), ":9200");
  CAF_CHECK_EQUAL(s.web.telemetry_path, "/metrics");
  CAF_CHECK_EQUAL(s.web.max_requests, 40);
  CAF_CHECK_EQUAL(s.web.max_connections, 256);
  CAF_CHECK_EQUAL(s.web.max_header_bytes, 8192);
  CAF_CHECK_EQUAL(s.web.max_headers, 100);
  CHECK_EQUAL(s.web.header_timeout, 10s);
  CHECK_EQUAL(s.web.idle_timeout, 75s);
  CHECK_EQUAL(s.web.write_timeout, 30s);
  CAF_CHECK_EQUAL(s.web.max_requests_per_connection, 1000);
  CHECK_EQUAL(s.log.level, log_level::info);
  CHECK_EQUAL(s.log.format, log_format::logfmt);
  CAF_CHECK_EQUAL(s.log.file, "");
  CAF_CHECK_EQUAL(s.log.max_bytes, 10485760u);
  CAF_CHECK_EQUAL(s.log.files, 5);
  CHECK_EQUAL(s.metrics.detail, metrics_detail::full);
  CAF_REQUIRE_EQUAL(s.targets.size(), 1u);
  CAF_CHECK_EQUAL(s.targets[0].name, "");
  CAF_CHECK_EQUAL(to_string(s.targets[0].url), "http://localhost:9000");
  CAF_CHECK_EQUAL(s.targets[0].paths[0], "/api/v1/metrics");
  CAF_CHECK_EQUAL(s.targets[0].paths[1], "/api/v1/nodes/status");
  CAF_CHECK_EQUAL(s.targets[0].paths[2], "/api/v1/network/stats");
}

} // namespace

CAF_TEST(text that is not a YAML document is an error) {
  CAF_CHECK_EQUAL(problems_of(","),
                  "f.yml:1:1: unexpected text, or a second document");
  CAF_CHECK_EQUAL(problems_of("log: {level: info}\n---\nlog: {}\n"),
                  "f.yml:2:1: unexpected text, or a second document");
}

CAF_TEST(without any configuration the defaults are used) {
  check_defaults(command{}.load().settings);
  check_defaults(parse_yaml("", "f.yml"));
  check_defaults(parse_yaml("collection:\nweb:\n", "f.yml"));
}

CAF_TEST(the documented default file contains the defaults) {
  command c;
  c.flag("--config.file=" SOURCE_DIR "/config/betanet_exporter.yml");
  check_defaults(c.load().settings);
}

CAF_TEST(invalid files are refused with place and reason) {
  const std::pair<const char*, const char*> table[] = {
      {"colection: {}", "f.yml:1:1: colection: unknown key, did you mean "
                        "\"collection\"?"},
      {"collection:\n  intervall: 5s", "f.yml:2:3: collection.intervall: "
                                       "unknown key, did you mean "
                                       "\"interval\"?"},
      {"collection: {interval: 5s, interval: 6s}",
       "f.yml:1:28: collection.interval: duplicate key, each key may occur "
       "once"},
      {"cache: {}\ncache: {}",
       "f.yml:2:1: cache: duplicate key, each key may occur once"},
      {"collection: 5", "f.yml:1:13: collection: expected a mapping, found a "
                        "value"},
      {"collection: [5]", "f.yml:1:13: collection: expected a mapping, found a "
                          "list"},
      {"- 1", "f.yml:1:1: the configuration: expected a mapping, found a list"},
      {"collection: {interval: 5}", "f.yml:1:24: collection.interval: \"5\" is "
                                    "not a duration such as 250ms, "
                                    "15s or 1m30s"},
      {"collection: {interval: 5ms}",
       "f.yml:1:24: collection.interval: \"5ms\" is "
       "not between 10ms and 1d"},
      {"collection: {interval: 25h}",
       "f.yml:1:24: collection.interval: \"25h\" is "
       "not between 10ms and 1d"},
      {"collection: {interval: -5s}",
       "f.yml:1:24: collection.interval: \"-5s\" is not a duration such as "
       "250ms, "
       "15s or 1m30s"},
      {"collection: {interval: {}}",
       "f.yml:1:24: collection.interval: expected a value, found a mapping"},
      {"collection: {interval: }",
       "f.yml:1:24: collection.interval: expected a value, found nothing"},
      {"collection: {timeout: 0s}",
       "f.yml:1:23: collection.timeout: \"0s\" is not between 1ms and 1d"},
      {"collection: {max_body_bytes: 1023}",
       "f.yml:1:30: collection.max_body_bytes: \"1023\" is not between 1024 "
       "and "
       "1073741824"},
      {"collection: {max_body_bytes: 1e6}",
       "f.yml:1:30: collection.max_body_bytes: \"1e6\" is not a whole number"},
      {"collection: {parse_fallback: zero}",
       "f.yml:1:30: collection.parse_fallback: \"zero\" is not one of "
       "last_known, "
       "default, omit"},
      {"collection: {latency_buckets: [1, 1]}",
       "f.yml:1:35: collection.latency_buckets: \"1\" is not above the "
       "previous "
       "bucket"},
      {"collection: {latency_buckets: [0, 1]}",
       "f.yml:1:32: collection.latency_buckets: \"0\" is not above 0"},
      {"collection: {latency_buckets: [-1]}",
       "f.yml:1:32: collection.latency_buckets: \"-1\" is not above 0"},
      {"collection: {latency_buckets: [.inf]}",
       "f.yml:1:32: collection.latency_buckets: \".inf\" is not a finite "
       "number"},
      {"retry: {delays: 1s}", "f.yml:1:17: retry.delays: expected a list, "
                              "found a value"},
      {"retry: {delays: [1s, 2h]}",
       "f.yml:1:22: retry.delays: \"2h\" is not between 0s and 1h"},
      {"retry: {jitter: 1.5}",
       "f.yml:1:17: retry.jitter: \"1.5\" is not between 0 "
       "and 1"},
      {"circuit_breaker: {failure_threshold: 0}",
       "f.yml:1:38: circuit_breaker.failure_threshold: \"0\" is not between 1 "
       "and "
       "2147483647"},
      {"circuit_breaker: {failure_threshold: 2147483648}",
       "f.yml:1:38: circuit_breaker.failure_threshold: \"2147483648\" is not "
       "between 1 and 2147483647"},
      {"circuit_breaker: {open_duration: 0s}",
       "f.yml:1:34: circuit_breaker.open_duration: \"0s\" is not between 1ms "
       "and "
       "1d"},
      {"cache: {max_stale: never}", "f.yml:1:20: cache.max_stale: \"never\" is "
                                    "not a duration such as 250ms, "
                                    "15s or 1m30s, or forever"},
      {"cache: {max_stale: 200y}", "f.yml:1:20: cache.max_stale: \"200y\" is "
                                   "longer than 100y, or forever"},
      {"web: {listen_addresses: [\"9200\"]}",
       "f.yml:1:26: web.listen_addresses: \"9200\": a listen address is "
       "HOST:PORT or :PORT, and an IPv6 address is written in brackets"},
      {"web: {listen_addresses: [\"unix:/tmp/x\"]}",
       "f.yml:1:26: web.listen_addresses: \"unix:/tmp/x\": a listen address is "
       "HOST:PORT or :PORT, and an IPv6 address is written in brackets"},
      {"web: {listen_addresses: [\"[::1:9200\"]}",
       "f.yml:1:26: web.listen_addresses: \"[::1:9200\": a listen address is "
       "HOST:PORT or :PORT, and an IPv6 address is written in brackets"},
      {"web: {listen_addresses: [\"::1]:9200\"]}",
       "f.yml:1:26: web.listen_addresses: \"::1]:9200\": a listen address is "
       "HOST:PORT or :PORT, and an IPv6 address is written in brackets"},
      {"web: {listen_addresses: [\":65536\"]}",
       "f.yml:1:26: web.listen_addresses: \"65536\" is not between 0 and "
       "65535"},
      {"web: {telemetry_path: metrics}",
       "f.yml:1:23: web.telemetry_path: \"metrics\" is not a path such as "
       "/metrics"},
      {"web: {telemetry_path: /health}",
       "f.yml:1:23: web.telemetry_path: \"/health\" is the path of another "
       "page"},
      {"log: {level: loud}", "f.yml:1:14: log.level: \"loud\" is not one of "
                             "debug, info, warn, error"},
      {"targets: {}", "f.yml:1:10: targets: expected a list, found a mapping"},
      {"targets: [{name: a}]", "f.yml:1:11: target.url: missing, a URL such as "
                               "http://betanet:9000 is expected"},
      {"targets: [{replicas: \"http://a\"}]",
       "f.yml:1:22: target.replicas: expected a list of URLs, found a value"},
      {"targets: [{replicas: []}]",
       "f.yml:1:22: target.replicas: expected a list of URLs, found an empty "
       "one"},
      {"targets: [{replicas: [\"http://a\", \"http://a:80/\"]}]",
       "f.yml:1:35: target.replicas: the URL is listed twice"},
      {"targets: [{url: \"http://a\", replicas: [\"http://b\"]}]",
       "f.yml:1:11: target.replicas: there is a url too, one of the two is "
       "expected"},
      {"targets: [{url: \"http://a\", balance: failover}]",
       "f.yml:1:11: target.balance: there are no replicas to balance, a list "
       "under replicas is expected"},
      {"targets: [{replicas: [\"http://a\"], balance: random}]",
       "f.yml:1:45: target.balance: \"random\" is not one of failover, "
       "round_robin"},
      {"collection: {timeout_mode: auto}",
       "f.yml:1:28: collection.timeout_mode: \"auto\" is not one of fixed, "
       "adaptive"},
      {"targets: [{url: ftp://x}]",
       "f.yml:1:17: target.url: the scheme is neither http nor https, a URL "
       "such as http://betanet:9000 is expected"},
      {"targets: [{url: \"http://u:secret@x\"}]",
       "f.yml:1:17: target.url: a URL must not contain a user name or a "
       "password, they are set in http_client_config; an @ in a path is "
       "written %40"},
      {"targets: [{url: \"http://x/?token=secret\"}]",
       "f.yml:1:17: target.url: a URL must not have a query or a fragment, "
       "credentials are set in http_client_config"},
      {"targets: [{url: betanet}]",
       "f.yml:1:17: target.url: the value is not a URL, a URL such as "
       "http://betanet:9000 is expected"},
      {"targets: [{url: \"http://a\"}, {url: \"http://b\", name: b}]",
       "f.yml:1:11: target.name: missing, each of several targets needs a "
       "name"},
      {"targets: [{url: \"http://a\", name: x}, {url: \"http://b\", name: x}]",
       "f.yml:1:39: target.name: \"x\" is used twice, a unique name is "
       "expected"},
      {"targets: [{url: \"http://a\", name: \"a\\nb\"}]",
       "f.yml:1:35: target.name: a name has 1 to 200 characters of UTF-8 and "
       "no control characters"},
      {"targets: [{url: \"http://a\", endpoints: {metrics: stats}}]",
       "f.yml:1:50: target.endpoints.metrics: \"stats\" is not a path such as "
       "/metrics"},
      {"targets: [{url: \"http://a\", endpoints: {metrics: \"/a#b\"}}]",
       "f.yml:1:50: target.endpoints.metrics: \"/a#b\" is not a path such as "
       "/metrics"},
      {"targets: [{url: \"http://a\", endpoints: {metrics: \"/a?b\"}}]",
       "f.yml:1:50: target.endpoints.metrics: \"/a?b\" is not a path such as "
       "/metrics"},
      {"web: {listen_addresses: [\"300.1.1.1:1\"]}",
       "f.yml:1:26: web.listen_addresses: \"300.1.1.1\" is not an IPv4 "
       "address"},
      {"web: {listen_addresses: [\"[1::2::3]:1\"]}",
       "f.yml:1:26: web.listen_addresses: \"[1::2::3]\" is not an IPv6 "
       "address"},
      {"web: {listen_addresses: [\":1\", \":1\"]}",
       "f.yml:1:32: web.listen_addresses: \":1\" is listed twice"},
      {"load: {max_in_flight: 1}", "f.yml:1:1: load: not supported"},
      {"cache: {ttl: \"${BETANET_UNSET}\"}",
       "f.yml:1:14: cache.ttl: the environment variable BETANET_UNSET is not "
       "set"},
      {"a: [", "f.yml:1:1: end of sequence flow not found"},
      {"cache: {}\n---\ncache: {}",
       "f.yml:2:1: unexpected text, or a second document"},
  };

  for (const auto& [yaml, expected] : table)
    CAF_CHECK_EQUAL(problems_of(yaml), expected);
}

CAF_TEST(a path has visible characters of ASCII that may stand in a request) {
  const auto with = [](const std::string& c) {
    return problems_of(
        "targets: [{url: \"http://a\", endpoints: {metrics: \"/a" + c +
        "b\"}}]");
  };

  for (const auto* good : {"!", "~", "%20", "/", ";", "=", "@"})
    CAF_CHECK_EQUAL(with(good), "none");
  for (const auto* bad :
       {" ", "\\x7f", "\\n", "\\u00e9", "?", "#", "\\\"", "<", ">"})
    CHECK_CONTAINS(with(bad), " is not a path such as /metrics");
}

CAF_TEST(a number is accepted from one end of its range to the other) {
  struct range {
    std::string block, key;
    std::int64_t least, most;
  };
  const auto problem = [](const range& r, std::int64_t n) {
    return problems_of(r.block + ": {" + r.key + ": " + std::to_string(n) +
                       "}");
  };

  for (const auto& r :
       {range{"web", "max_requests", 0, 1'000'000},
        range{"web", "max_connections", 1, 1'000'000},
        range{"web", "max_connections_per_address", 1, 1'000'000},
        range{"web", "max_page_bytes", 1 << 20, 1 << 30},
        range{"web", "max_header_bytes", 256, 1 << 20},
        range{"web", "max_headers", 1, 10'000},
        range{"web", "max_requests_per_connection", 1, 1'000'000'000},
        range{"log", "max_bytes", 1024, std::int64_t{1} << 40},
        range{"log", "files", 1, 1000},
        range{"collection", "max_body_bytes", 1024, 1 << 30},
        range{"circuit_breaker", "failure_threshold", 1, 2147483647}}) {
    CAF_CHECK_EQUAL(problem(r, r.least), "none");
    CAF_CHECK_EQUAL(problem(r, r.most), "none");
    const auto between = "is not between " + std::to_string(r.least) + " and " +
                         std::to_string(r.most);
    if (r.least > 0)
      CHECK_CONTAINS(problem(r, r.least - 1), between);
    CHECK_CONTAINS(problem(r, r.most + 1), between);
  }
}

CAF_TEST(a client configuration follows the rules of Prometheus) {
  const auto problems = [](const std::string& client) {
    const auto all = problems_of(
        "targets:\n - url: https://x\n   http_client_config: {" + client + "}");
    return all.substr(all.find("target.") == all.npos ? 0
                                                      : all.find("target."));
  };
  const std::string prefix = "target.http_client_config: ";

  CAF_CHECK_EQUAL(problems(""), "none");
  CAF_CHECK_EQUAL(
      problems("basic_auth: {password: a, password_file: /dev/null}"),
      prefix + "at most one of basic_auth password & password_file must be "
               "configured");
  for (const auto& [block, key] :
       {std::pair<std::string, std::string>{"basic_auth", "username"},
        {"basic_auth", "password"},
        {"authorization", "credentials"}})
    CHECK_CONTAINS(
        problems(block + ": {" + key + ": a, " + key + "_file: /dev/null}"),
        prefix + "at most one of " + block + " " + key + " & " + key +
            "_file must be configured");
  for (const std::string key : {"ca", "cert", "key"})
    CHECK_CONTAINS(
        problems("tls_config: {" + key + ": a, " + key + "_file: /dev/null}"),
        prefix + "at most one of " + key + " & " + key +
            "_file must be configured");
  CAF_CHECK_EQUAL(
      problems("basic_auth: {username: a}, authorization: {credentials: b}"),
      prefix + "at most one of basic_auth & authorization must be configured");
  CAF_CHECK_EQUAL(problems("authorization: {type: Basic}"),
                  prefix + "authorization type cannot be set to \"basic\", use "
                           "\"basic_auth\" instead");
  CAF_CHECK_EQUAL(problems("tls_config: {cert: x}"),
                  prefix + "exactly one of key or key_file must be configured "
                           "when a client certificate is configured");
  CAF_CHECK_EQUAL(problems("tls_config: {key: x}"),
                  prefix + "exactly one of cert or cert_file must be "
                           "configured when a client key is configured");
  CAF_CHECK_EQUAL(problems("tls_config: {min_version: TLS13, max_version: "
                           "TLS12}"),
                  prefix + "min_version is above max_version");
  for (const std::string key :
       {"oauth2", "bearer_token", "bearer_token_file", "follow_redirects",
        "enable_http2", "proxy_url", "no_proxy", "proxy_from_environment",
        "proxy_connect_header"})
    CAF_CHECK_EQUAL(problems(key + ": x"),
                    "target.http_client_config." + key + ": not supported");
  CAF_CHECK_EQUAL(problems("basic_auth: {password_ref: x}"),
                  "target.http_client_config.basic_auth.password_ref: not "
                  "supported");
  CAF_CHECK_EQUAL(problems("http_headers: {Host: {values: [a]}}"),
                  "target.http_client_config.http_headers: setting header "
                  "\"Host\" is not allowed");
  CAF_CHECK_EQUAL(problems("http_headers: {\"a b\": {values: [a]}}"),
                  "target.http_client_config.http_headers: the key is not the "
                  "name of a header such as X-Tenant");
  CAF_CHECK_EQUAL(problems("http_headers: {A: {value: [a]}}"),
                  "target.http_client_config.http_headers.A.value: unknown "
                  "key, did you mean \"values\"?");
  CAF_CHECK_EQUAL(problems("http_headers: [a]"),
                  "target.http_client_config.http_headers: expected a mapping, "
                  "found a list");
  CAF_CHECK_EQUAL(problems("http_headers: {A: {values: b}}"),
                  "target.http_client_config.http_headers.A.values: expected a "
                  "list, found a value");
  CAF_CHECK_EQUAL(
      problems("http_headers: {\"a b\": {}, Te: {values: [a]}}"),
      "target.http_client_config.http_headers: the key is not the name of a "
      "header such as X-Tenant\n"
      "f.yml:3:51: target.http_client_config.http_headers: setting header "
      "\"Te\" is not allowed");
  CAF_CHECK_EQUAL(problems("http_headers: {a-b: {}, A-B: {}}"),
                  "target.http_client_config.http_headers.A-B: duplicate key, "
                  "each key may occur once");
  CAF_CHECK_NOT_EQUAL(problems_of("targets:\n - url: https://x\n   "
                                  "http_client_config: {authorization: {type: "
                                  "\"Bearer canary\"}}"),
                      "none");
  CHECK_NOT_CONTAINS(problems_of("targets:\n - url: https://x\n   "
                                 "http_client_config: {authorization: {type: "
                                 "\"Bearer canary\"}}"),
                     "canary");
  CAF_CHECK_EQUAL(problems("basic_auth: , http_headers: "), "none");
  for (const auto* name : {".x", "a%1", "\"\\0x\"", "a b"})
    CAF_CHECK_NOT_EQUAL(
        problems(std::string{"tls_config: {server_name: "} + name + "}"),
        "none");
  for (const auto* early : {"TLS10", "TLS11", "SSL3"})
    CAF_CHECK_NOT_EQUAL(
        problems(std::string{"tls_config: {min_version: "} + early + "}"),
        "none");
}

CAF_TEST(a secret is read from a regular file only) {
  const temporary_file file{"  a secret \r\n"};
  CAF_CHECK_EQUAL(reveal({"", file.path}), "a secret");
  CAF_CHECK_EQUAL(reveal({" as it is ", ""}), " as it is ");

  const temporary_file empty{" \n"};
  const auto why = [](const std::string& path) -> std::string {
    try {
      return reveal({"", path});
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  };
  CAF_CHECK_EQUAL(why(empty.path), "cannot read " + empty.path + ": empty");
  CAF_CHECK_EQUAL(why("/no/such"),
                  "cannot read /no/such: No such file or directory");
  for (const auto* other : {"/dev/zero", "/"})
    CAF_CHECK_EQUAL(why(other), std::string{"cannot read "} + other +
                                    ": not a regular file");

  const auto pipe = file.path + ".pipe";
  CAF_REQUIRE_EQUAL(mkfifo(pipe.c_str(), 0600), 0);
  CAF_CHECK_EQUAL(why(pipe), "cannot read " + pipe + ": not a regular file");
  std::filesystem::remove(pipe);
}

CAF_TEST(a file above its limit is not read) {
  const temporary_file file{"12345"};
  const auto refused = "cannot read " + file.path + ": larger than ";

  const auto why = [&](std::size_t limit) -> std::string {
    try {
      read_file(file.path, limit);
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "none";
  };

  CAF_CHECK_EQUAL(why(5), "none");
  CAF_CHECK_EQUAL(why(4), refused + "4 bytes");
  std::filesystem::resize_file(file.path, largest_file + 1);
  CAF_CHECK_EQUAL(why(largest_file), refused + "16777216 bytes");
}

CAF_TEST(a file to be written needs a folder that can be written) {
  const temporary_file there{"x"};
  const auto folder = std::filesystem::path{there.path}.parent_path().string();
  const auto refused = [](const std::string& file, const std::string& why) {
    return "cannot write " + file + ": " + why +
           ", a file in a folder that can be written is expected";
  };

  CAF_CHECK_EQUAL(write_problem(there.path), "");
  CAF_CHECK_EQUAL(write_problem(there.path + ".new"), "");
  CAF_CHECK(!std::filesystem::exists(there.path + ".new"));
  CAF_CHECK_EQUAL(write_problem(folder + "/betanet/none/new"), "");
  CAF_CHECK_EQUAL(write_problem(folder + "/none/"),
                  refused(folder + "/none/", "Is a directory"));
  CAF_CHECK_EQUAL(write_problem(folder), refused(folder, "Is a directory"));
  CAF_CHECK_EQUAL(write_problem(there.path + "/x"),
                  refused(there.path + "/x", "Not a directory"));
  CHECK_CONTAINS(write_problem("/proc/none/new"), "cannot write /proc");
}

CAF_TEST(a lack of memory is told) {
  const auto without_memory = [](const settings&) -> std::vector<std::string> {
    throw std::bad_alloc{};
  };

  CAF_CHECK_EQUAL(command{}.problems(without_memory),
                  "the configuration needs more memory than there is");
}

CAF_TEST(a client that has a secret in a file reads it later) {
  const temporary_file file{"x"};
  const auto uses_files = [](const std::string& client) {
    return parse_yaml("targets:\n - url: https://x\n   http_client_config: {" +
                          client + "}",
                      "f.yml")
        .targets[0]
        .http_client.uses_files();
  };

  CAF_CHECK(!uses_files(""));
  CAF_CHECK(!uses_files("basic_auth: {username: a, password: b}"));
  CAF_CHECK(uses_files("basic_auth: {username: a, password_file: " + file.path +
                       "}"));
  CAF_CHECK(uses_files("tls_config: {ca_file: " + file.path + "}"));
}

CAF_TEST(a client configuration becomes header lines) {
  const auto lines = [](const std::string& client) {
    const auto s = parse_yaml(
        "targets:\n - url: https://x\n   http_client_config: {" + client + "}",
        "f.yml");
    return header_lines(s.targets[0].http_client);
  };

  CAF_CHECK_EQUAL(lines(""), "");
  // the examples of RFC 7617 and RFC 4648
  CAF_CHECK_EQUAL(
      lines("basic_auth: {username: Aladdin, password: open sesame}"),
      "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
  CAF_CHECK_EQUAL(lines("basic_auth: {username: fooba}"),
                  "Authorization: Basic Zm9vYmE6\r\n");
  CAF_CHECK_EQUAL(lines("basic_auth: {username: foob}"),
                  "Authorization: Basic Zm9vYjo=\r\n");
  CAF_CHECK_EQUAL(lines("authorization: {type: Token, credentials: t}"),
                  "Authorization: Token t\r\n");
  CAF_CHECK_EQUAL(lines("http_headers: {A: {values: [b, c], secrets: [d]}}"),
                  "A: b\r\nA: c\r\nA: d\r\n");

  const temporary_file file{"e\n"};
  CAF_CHECK_EQUAL(lines("http_headers: {A: {files: [" + file.path + "]}}"),
                  "A: e\r\n");
  CAF_CHECK_EQUAL(lines("http_headers: {A: {values: [\"b \\t~\\u00e9\"]}}"),
                  "A: b \t~\u00e9\r\n");
  for (const std::string control : {"\\x1f", "\\x7f", "\\0"})
    try {
      lines("http_headers: {A: {values: [\"b" + control + "\"]}}");
      CAF_FAIL("a control character was accepted");
    } catch (const std::runtime_error&) {
    }

  try {
    lines("http_headers: {A: {values: [\"b\\nc: d\"]}}");
    CAF_FAIL("a value with a line break was accepted");
  } catch (const std::runtime_error&) {
  }
}

CAF_TEST(the running configuration is printed without its secrets) {
  const auto s = parse_yaml(
      "collection: {interval: 7s, latency_buckets: [1, 2]}\n"
      "retry: {delays: []}\n"
      "cache: {max_stale: forever}\n"
      "web: {listen_addresses: [\":1\", \"[::1]:2\"]}\n"
      "targets:\n"
      "  - {name: \"a: #\", url: \"https://x/p\", endpoints: {metrics: /m},\n"
      "     circuit_breaker: {failure_threshold: 2},\n"
      "     http_client_config: {basic_auth: {username: canary, "
      "password: canary}, tls_config: {key: canary, cert: canary, "
      "insecure_skip_verify: true},\n"
      "       http_headers: {A: {values: [$$b], secrets: [canary]}}}}\n"
      "  - {name: b, url: \"http://y:1\",\n"
      "     http_client_config: {authorization: {credentials: canary}}}\n",
      "");

  const auto text = to_yaml(s);

  CHECK_NOT_CONTAINS(text, "canary");

  const auto again = parse_yaml(text, "printed");
  CAF_CHECK(restart_keys(s, again).empty());
  CHECK_EQUAL(again.polling, s.polling);
  CAF_REQUIRE_EQUAL(again.targets.size(), 2u);
  CHECK_EQUAL(again.targets[0].url, s.targets[0].url);
  CHECK_EQUAL(again.targets[0].polling, s.targets[0].polling);
  CHECK_EQUAL(again.targets[0].paths, s.targets[0].paths);
  CAF_CHECK_EQUAL(again.targets[0].name, "a: #");
  const auto& c = again.targets[0].http_client;
  CAF_CHECK_EQUAL(c.basic_auth->password.text, "<secret>");
  CAF_CHECK_EQUAL(c.http_headers[0].values[0], "$b");
  CAF_CHECK_EQUAL(c.http_headers[0].secrets[0].text, "<secret>");
  CAF_CHECK(c.tls_config.insecure_skip_verify);
  CAF_CHECK_EQUAL(again.targets[1].http_client.authorization->type, "Bearer");
}

CAF_TEST(keys that need a restart are named) {
  auto a = parse_yaml("", "");
  auto b = a;
  b.web.max_requests = 1;
  b.log.level = log_level::debug;

  CHECK_EQUAL(restart_keys(a, b),
              (std::vector<std::string>{"web.max_requests", "log.level"}));
}

CAF_TEST(https has its own default port) {
  CAF_CHECK(parse_url("https://x").tls);
  CAF_CHECK_EQUAL(parse_url("https://x").port, 443);
  CAF_CHECK_EQUAL(parse_url("https://x:8443/p").port, 8443);
  CAF_CHECK_EQUAL(to_string(parse_url("https://x")), "https://x:443");
}

CAF_TEST(the bounds of the jitter are valid) {
  for (const double bound : {0.0, 1.0}) {
    const auto s =
        parse_yaml("retry: {jitter: " + std::to_string(bound) + "}", "f.yml");

    CAF_CHECK_EQUAL(s.polling.retry.jitter, bound);
  }
}

CAF_TEST(all problems are reported at once) {
  CAF_CHECK_EQUAL(
      problems_of("cache: {ttl: x}\nretry: {jitter: 2}\nlogs: {}"),
      "f.yml:1:14: cache.ttl: \"x\" is not a duration such as 250ms, "
      "15s or 1m30s\n"
      "f.yml:2:17: retry.jitter: \"2\" is not between 0 and 1\n"
      "f.yml:3:1: logs: unknown key, did you mean \"log\"?");
}

CAF_TEST(targets inherit and override key by key) {
  const auto s = parse_yaml("collection: {interval: 30s, timeout: 2s}\n"
                            "targets:\n"
                            "  - name: eu-1\n"
                            "    url: http://betanet-eu:9000/prefix/\n"
                            "    collection: {interval: 5s}\n"
                            "    retry: {delays: []}\n"
                            "    endpoints: {metrics: /stats}\n"
                            "  - {name: us-1, url: \"http://[::1]\"}\n",
                            "f.yml");

  CAF_REQUIRE_EQUAL(s.targets.size(), 2u);
  const auto& eu = s.targets[0];
  CHECK_EQUAL(eu.polling.collection.interval, 5s);
  CHECK_EQUAL(eu.polling.collection.timeout, 2s);
  CAF_CHECK(eu.polling.retry.delays.empty());
  CAF_CHECK_EQUAL(eu.paths[0], "/stats");
  CAF_CHECK_EQUAL(eu.paths[1], "/api/v1/nodes/status");
  CAF_CHECK_EQUAL(to_string(eu.url), "http://betanet-eu:9000/prefix");
  const auto& us = s.targets[1];
  CHECK_EQUAL(us.polling.collection.interval, 30s);
  CAF_CHECK_EQUAL(us.url.host, "::1");
  CAF_CHECK_EQUAL(us.url.port, 80);
}

CAF_TEST(a target may have replicas) {
  const auto s = parse_yaml(
      "targets:\n"
      "  - {name: eu, replicas: [\"http://a:1/p\", \"https://b\"],\n"
      "     balance: round_robin, collection: {timeout_mode: adaptive}}\n"
      "  - {name: us, url: \"http://c\"}\n",
      "f.yml");

  const auto& eu = s.targets.at(0);
  CAF_CHECK_EQUAL(to_string(eu.url), "http://a:1/p");
  CAF_REQUIRE_EQUAL(urls_of(eu).size(), 2u);
  CAF_CHECK_EQUAL(to_string(urls_of(eu)[1]), "https://b:443");
  CHECK_EQUAL(eu.balance, balance::round_robin);
  CHECK_EQUAL(eu.polling.collection.timeout_mode, timeout_mode::adaptive);
  const auto& us = s.targets.at(1);
  CAF_REQUIRE_EQUAL(urls_of(us).size(), 1u);
  CAF_CHECK_EQUAL(to_string(urls_of(us)[0]), "http://c:80");
  CHECK_EQUAL(us.polling.collection.timeout_mode, timeout_mode::fixed);
  CAF_CHECK_EQUAL(count_services(s.targets), 3u);

  const auto again = parse_yaml(to_yaml(s), "printed");
  CHECK_EQUAL(again.targets.at(0).replicas, eu.replicas);
  CHECK_EQUAL(again.targets.at(0).url, eu.url);
  CHECK_EQUAL(again.targets.at(0).balance, eu.balance);
  CAF_CHECK(again.targets.at(1).replicas.empty());
}

CAF_TEST(a target has at most sixteen replicas) {
  const auto with = [](int count) {
    std::string list;
    for (int i = 1; i <= count; ++i)
      list += (i > 1 ? ", " : "") + ("\"http://a:" + std::to_string(i)) + "\"";
    return "targets: [{replicas: [" + list + "]}]";
  };
  CAF_CHECK_EQUAL(parse_yaml(with(16), "f").targets[0].replicas.size(), 16u);

  CHECK_CONTAINS(problems_of(with(17)),
                 "target.replicas: more than 16 replicas");
}

CAF_TEST(a target may have any name of readable characters) {
  for (const std::string name :
       {"a", "\xc2\xa0", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", " "})
    CAF_CHECK_EQUAL(
        problems_of("targets: [{name: \"" + name + "\", url: \"http://a\"}]"),
        "none");
}

CAF_TEST(an empty list of targets is no target) {
  CAF_CHECK(parse_yaml("targets: []", "f.yml").targets.empty());
}

CAF_TEST(durations are written as in Prometheus) {
  const std::pair<const char*, duration> table[] = {
      {"0", 0s},      {"0s", 0s},        {"250ms", 250ms},
      {"1m30s", 90s}, {"1h", 1h},        {"1d2h3m4s5ms", 93784005ms},
      {"1w", 168h},   {"1y", 365 * 24h}, {"1m0s", 60s},
      {"1m9s", 69s},  {"100y", 876000h}};

  for (const auto& [text, value] : table)
    CHECK_EQUAL(parse_yaml("cache: {max_stale: " + std::string{text} + "}", "f")
                    .polling.cache.max_stale,
                value);
  for (const auto* bad : {"1", "1.5s", "s", "1s1m", "1s 2ms", "1us", "+1s",
                          "9223372036854775808s", "1s1s", "100y1ms", "101y"})
    CAF_CHECK_NOT_EQUAL(
        problems_of("cache: {max_stale: " + std::string{bad} + "}"), "none");
  CAF_CHECK(
      !parse_yaml("cache: {max_stale: forever}", "f").polling.cache.max_stale);
}

CAF_TEST(durations are printed in units that have a whole number) {
  const std::pair<duration, const char*> table[] = {
      {0s, "0s"},       {1ms, "1ms"},
      {999ms, "999ms"}, {1s, "1s"},
      {60s, "1m"},      {90s, "1m30s"},
      {1h, "1h"},       {93784005ms, "1d2h3m4s5ms"},
      {168h, "7d"},     {365 * 24h, "365d"}};

  for (const auto& [d, text] : table)
    CAF_CHECK_EQUAL(print_duration(d), text);
}

CAF_TEST(the host of a URL has visible characters of ASCII) {
  const auto accepts = [](const std::string& host) {
    try {
      parse_url("http://" + host);
      return true;
    } catch (const std::invalid_argument&) {
      return false;
    }
  };

  for (const auto* good : {"a", "%21", "%7E", "a.b-c_d"})
    CAF_CHECK(accepts(good));
  for (const auto* bad : {"", "%20", "%7F", "%40", "%00", "%C3%A9"})
    CAF_CHECK(!accepts(bad));
}

CAF_TEST(the port of a URL is from 1 to 65535) {
  CAF_CHECK_EQUAL(parse_url("http://a:1").port, 1);
  CAF_CHECK_EQUAL(parse_url("https://a:65535").port, 65535);
  for (const auto* bad : {"http://a:0", "http://a:65536", "http://a:x"})
    CAF_CHECK_NOT_EQUAL(
        problems_of("targets: [{url: \"" + std::string{bad} + "\"}]"), "none");
}

CAF_TEST(the host of a canonical URL has small letters) {
  CAF_CHECK_EQUAL(canonical(parse_url("http://AmZ.a-z/P")),
                  "http://amz.a-z:80/P");
}

CAF_TEST(replicas are counted one by one) {
  CAF_CHECK_EQUAL(count_services({}), 0u);
  CAF_CHECK_EQUAL(count_services(parse_yaml(R"(targets:
- {name: a, url: "http://a"}
- {name: b, replicas: ["http://b", "http://c", "http://d"]}
)",
                                            "f")
                                     .targets),
                  4u);
}

CAF_TEST(an IPv6 address of the listener may have a zone) {
  const auto with = [](const std::string& address) {
    return problems_of("web: {listen_addresses: [\"" + address + "\"]}");
  };

  CAF_CHECK_EQUAL(with("[::]:1"), "none");
  CAF_CHECK_EQUAL(with("[fe80::1%eth0]:1"), "none");
  CAF_CHECK_EQUAL(with("exporter:0"), "none");
  CAF_CHECK_EQUAL(with("10.0.0.1:65535"), "none");
  for (const auto* bad :
       {"[x]:1", "[%eth0]:1", "::1:1", "", ":", "a:", "a:1x", "1.2.3:1"})
    CAF_CHECK_NOT_EQUAL(with(bad), "none");
}

CAF_TEST(a hundred problems of a file are told) {
  const auto mistakes = [](int n) {
    std::string yaml = "targets: [a0";
    for (int i = 1; i < n; ++i)
      yaml += ",a" + std::to_string(i);
    return problems_of(yaml + "]");
  };

  CHECK_NOT_CONTAINS(mistakes(100), "and more problems");
  CHECK_CONTAINS(mistakes(100), "f.yml:1:");
  CAF_CHECK(mistakes(101).ends_with("\nf.yml: and more problems"));
}

CAF_TEST(only variables in braces and double dollar signs are expanded) {
  command c;
  c.env("BETANET_TEST_HOST", "betanet");

  const auto s =
      parse_yaml("log: {file: \"$$a$b/${BETANET_TEST_HOST}$\"}", "f");

  CAF_CHECK_EQUAL(s.log.file, "$a$b/betanet$");
}

CAF_TEST(flags override variables and variables override the file) {
  const temporary_file file{"collection: {interval: 20s, timeout: 2s}\n"
                            "cache: {ttl: 1s}\n"};
  command c;
  c.flag("--config.file=" + file.path)
      .flag("--collection.interval=40s")
      .env("BETANET_EXPORTER_COLLECTION_INTERVAL", "30s")
      .env("BETANET_EXPORTER_COLLECTION_TIMEOUT", "3s");

  const auto s = c.load().settings;

  CHECK_EQUAL(s.polling.collection.interval, 40s);
  CHECK_EQUAL(s.polling.collection.timeout, 3s);
  CHECK_EQUAL(s.polling.cache.ttl, 1s);
  CHECK_EQUAL(s.polling.circuit_breaker.open_duration, 30s);
  CHECK_EQUAL(s.targets[0].polling.collection.interval, 40s);
}

CAF_TEST(the external URL is checked and printed in full) {
  const auto url = [](const std::string& text) {
    return parse_yaml("web: {external_url: \"" + text + "\"}", "f.yml")
        .web.external_url;
  };

  CAF_CHECK(!url(""));
  CAF_CHECK_EQUAL(to_string(url("https://exporter/x/").value()),
                  "https://exporter:443/x");
  CAF_CHECK_EQUAL(authority(url("http://[::1]").value()), "[::1]:80");
  for (const auto* bad : {"exporter:9200", "ftp://exporter", "/metrics",
                          "http://u:p@exporter", "http://exporter/?q"})
    CAF_CHECK_NOT_EQUAL(
        problems_of("web: {external_url: \"" + std::string{bad} + "\"}"),
        "none");
}

CAF_TEST(the metrics about the exporter can be left out) {
  CAF_CHECK(!parse_yaml("", "f.yml").web.disable_exporter_metrics);
  CAF_CHECK(parse_yaml("web: {disable_exporter_metrics: true}", "f.yml")
                .web.disable_exporter_metrics);
  CAF_CHECK(command{}
                .flag("--web.disable-exporter-metrics")
                .load()
                .settings.web.disable_exporter_metrics);
  CAF_CHECK(command{}
                .env("BETANET_EXPORTER_WEB_DISABLE_EXPORTER_METRICS", "true")
                .load()
                .settings.web.disable_exporter_metrics);
}

CAF_TEST(lists are comma separated in flags and environment) {
  command c;
  c.flag("--retry.delays=1s,500ms")
      .env("BETANET_EXPORTER_WEB_LISTEN_ADDRESS", ":1,[::1]:2");

  const auto s = c.load().settings;

  CHECK_EQUAL(s.polling.retry.delays, (std::vector<duration>{1s, 500ms}));
  CAF_REQUIRE_EQUAL(s.web.listen_addresses.size(), 2u);
  CAF_CHECK_EQUAL(to_string(s.web.listen_addresses[0]), ":1");
  CAF_CHECK_EQUAL(to_string(s.web.listen_addresses[1]), "[::1]:2");

  CAF_CHECK(command{}
                .flag("--retry.delays=[]")
                .load()
                .settings.polling.retry.delays.empty());
  CAF_CHECK_EQUAL(command{}
                      .flag("--web.listen-address=:1")
                      .flag("--web.listen-address=:2")
                      .load()
                      .settings.web.listen_addresses.size(),
                  2u);
}

CAF_TEST(an empty value of a flag is accepted) {
  const auto s = command{}
                     .flag("--log.file=")
                     .flag("--log.level=debug")
                     .flag("--config.file=")
                     .load()
                     .settings;

  CAF_CHECK_EQUAL(s.log.file, "");
  CHECK_EQUAL(s.log.level, log_level::debug);
}

CAF_TEST(an empty list of listen addresses is refused) {
  const std::string refusal = ": at least one address is needed, such as :9200";
  const temporary_file file{"web: {listen_addresses: []}"};

  CAF_CHECK_EQUAL(command{}.flag("--config.file=" + file.path).problems(),
                  file.path + ":1:25: web.listen_addresses" + refusal);
  CAF_CHECK_EQUAL(command{}.flag("--web.listen-address=").problems(),
                  "--web.listen-address" + refusal);
}

CAF_TEST(the URL flag replaces at most one target) {
  command c;
  c.env("BETANET_URL", "http://other:1234");
  CAF_CHECK_EQUAL(to_string(c.load().settings.targets[0].url),
                  "http://other:1234");

  c.flag("--betanet.url=http://flag:1");
  CAF_CHECK_EQUAL(to_string(c.load().settings.targets[0].url), "http://flag:1");

  const temporary_file replicas{
      "targets: [{name: a, replicas: [\"http://a\", \"http://b\"]}]"};
  auto with_replicas = c;
  with_replicas.flag("--config.file=" + replicas.path);
  const auto replaced = with_replicas.load().settings.targets.at(0);
  CAF_CHECK_EQUAL(replaced.name, "a");
  CAF_CHECK_EQUAL(urls_of(replaced).size(), 1u);
  CAF_CHECK_EQUAL(to_string(replaced.url), "http://flag:1");

  const temporary_file file{"targets: [{name: a, url: \"http://a\"}, {name: b, "
                            "url: \"http://b\"}]"};
  c.flag("--config.file=" + file.path);
  CAF_CHECK_EQUAL(c.problems(), "--betanet.url: the file has 2 targets, one "
                                "URL cannot replace theirs");
}

CAF_TEST(messages about invalid flags and variables name them) {
  CAF_CHECK_EQUAL(
      command{}.flag("--collection.timeout=5").problems(),
      "--collection.timeout: \"5\" is not a duration such as 250ms, "
      "15s or 1m30s");
  CAF_CHECK_EQUAL(
      command{}.env("BETANET_EXPORTER_LOG_LEVEL", "loud").problems(),
      "BETANET_EXPORTER_LOG_LEVEL: \"loud\" is not one of debug, info, warn, "
      "error");
  CAF_CHECK_NOT_EQUAL(command{}.flag("--no.such").problems(), "none");
  CAF_CHECK_NOT_EQUAL(command{}.flag("word").problems(), "none");
  CAF_CHECK_EQUAL(command{}.flag("--shard.replication=2").problems(),
                  "--shard.replication: not supported");
  CAF_CHECK_EQUAL(command{}.flag("--config.file=/no/such").problems(),
                  "--config.file: cannot read /no/such: No such file or "
                  "directory, a readable file is expected");
  CAF_CHECK_EQUAL(command{}.flag("--config.file=/").problems(),
                  "--config.file: cannot read /: not a regular file, a "
                  "readable file is expected");
}

CAF_TEST(the path of the web configuration is relative to the file) {
  CAF_CHECK_EQUAL(
      parse_yaml("web: {config_file: web.yml}", "/etc/x/f.yml").web.config_file,
      "/etc/x/web.yml");
  CAF_CHECK_EQUAL(
      parse_yaml("web: {config_file: /w.yml}", "/etc/f.yml").web.config_file,
      "/w.yml");

  const temporary_file file{"web: {config_file: web.yml}"};
  CAF_CHECK_EQUAL(command{}
                      .flag("--config.file=" + file.path)
                      .flag("--web.config.file=other.yml")
                      .load()
                      .settings.web.config_file,
                  "other.yml");

  CAF_CHECK(command{}.flag("--web.systemd-socket").load().systemd_socket);
  CAF_CHECK(!command{}.load().systemd_socket);
}

CAF_TEST(variables that Kubernetes sets are ignored) {
  command c;
  c.env("BETANET_EXPORTER_PORT", "tcp://10.0.0.1:9200")
      .env("BETANET_EXPORTER_SERVICE_HOST", "10.0.0.1");

  CAF_CHECK_EQUAL(c.problems(), "none");
}

CAF_TEST(the command line selects the action) {
  CHECK_EQUAL(command{}.load().action, action::run);
  CHECK_EQUAL(command{}.flag("--version").load().action, action::version);
  CHECK_EQUAL(command{}.flag("--config.check").load().action, action::check);
  CHECK_EQUAL(command{}.flag("--healthcheck").load().action,
              action::healthcheck);

  const auto help = command{}.flag("--help").load();
  CHECK_EQUAL(help.action, action::help);
  for (const auto& f : documented_flags())
    CHECK_CONTAINS(help.text, "--" + f.name);
}
