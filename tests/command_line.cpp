#define CAF_SUITE command_line

#include "config/config.hpp"
#include "config/flags_impl.hpp"
#include "tests/command.hpp"
#include "tests/suite.hpp"

#include <algorithm>
#include <sstream>

using namespace betanet;
using namespace betanet::config;
using namespace betanet::testing;

CAF_TEST(every scalar key has a flag that is spelt with hyphens) {
  const auto s = command{}
                     .flag("--collection.max-body-bytes=2048")
                     .flag("--collection.parse-fallback=omit")
                     .flag("--circuit-breaker.failure-threshold=7")
                     .flag("--circuit-breaker.open-duration=8s")
                     .flag("--cache.max-stale=forever")
                     .flag("--web.telemetry-path=/m")
                     .flag("--web.max-requests=9")
                     .flag("--web.external-url=http://x/y")
                     .load()
                     .settings;
  const auto& p = s.polling;

  CAF_CHECK_EQUAL(s.web.telemetry_path, "/m");
  CAF_CHECK_EQUAL(s.web.max_requests, 9);
  CAF_CHECK(s.web.external_url);
  CAF_CHECK_EQUAL(p.collection.max_body_bytes, 2048u);
  CHECK_EQUAL(p.collection.fallback, parse_fallback::omit);
  CAF_CHECK_EQUAL(p.circuit_breaker.failure_threshold, 7);
  CHECK_EQUAL(p.circuit_breaker.open_duration, 8s);
  CAF_CHECK(!p.cache.max_stale);
  for (const auto& f : flags())
    CHECK_NOT_CONTAINS(f.name, "_");
}

CAF_TEST(the spelling with underscores is refused with the right one) {
  for (const std::string word :
       {"--collection.max_body_bytes=2048", "--collection.max_body_bytes"})
    CAF_CHECK_EQUAL(command{}.flag(word).problems(),
                    "--collection.max_body_bytes: unknown flag, it is spelled "
                    "--collection.max-body-bytes");
}

CAF_TEST(an unknown flag names the nearest one) {
  const std::pair<const char*, const char*> table[] = {
      {"--log.levle=debug",
       "--log.levle: unknown flag, did you mean --log.level?"},
      {"-config.file=x",
       "-config.file: unknown flag, it is spelled --config.file"},
      {"--zzzzzzzzzzzz=1", "--zzzzzzzzzzzz: unknown flag (see --help)"},
      {"--collection.latency-buckets=1",
       "--collection.latency-buckets: unknown flag, set "
       "collection.latency_buckets in the configuration file"},
      {"word",
       "unexpected argument \"word\", flags begin with -- (see --help)"}};
  for (const auto& [word, expected] : table)
    CAF_CHECK_EQUAL(command{}.flag(word).problems(), expected);
  CAF_CHECK_EQUAL(command{}
                      .flag("--log.levle")
                      .flag("debug")
                      .flag("--cache.tll=1s")
                      .problems(),
                  "--log.levle: unknown flag, did you mean --log.level?\n"
                  "--cache.tll: unknown flag, did you mean --cache.ttl?");
}

CAF_TEST(the value of a flag follows an equals sign or a space) {
  const auto s = command{}
                     .flag("--web.listen-address")
                     .flag("[::1]:9200")
                     .flag("--web.listen-address=:9300")
                     .flag("--collection.timeout")
                     .flag("2s")
                     .flag("--retry.delays")
                     .flag("[]")
                     .load()
                     .settings;

  CAF_REQUIRE_EQUAL(s.web.listen_addresses.size(), 2u);
  CAF_CHECK_EQUAL(to_string(s.web.listen_addresses[0]), "[::1]:9200");
  CAF_CHECK_EQUAL(to_string(s.web.listen_addresses[1]), ":9300");
  CHECK_EQUAL(s.polling.collection.timeout, 2s);
  CAF_CHECK(s.polling.retry.delays.empty());
}

CAF_TEST(a flag without its value is an error) {
  CAF_CHECK_EQUAL(command{}.flag("--log.level").problems(),
                  "--log.level: a value is needed (see --help)");
  CAF_CHECK_EQUAL(command{}.flag("--log.level=").problems(),
                  "--log.level: \"\" is not one of debug, info, warn, error");
  CAF_CHECK_EQUAL(command{}.flag("--cache.ttl=").problems(),
                  "--cache.ttl: \"\" is not a duration such as 250ms, 15s or "
                  "1m30s");
}

CAF_TEST(a switch takes true and false and one and zero in any case) {
  for (const std::string on : {"true", "TRUE", "True", "1"}) {
    CHECK_EQUAL(command{}.flag("--config.check=" + on).load().action,
                action::check);
    CHECK_EQUAL(
        command{}.env("BETANET_EXPORTER_CONFIG_CHECK", on).load().action,
        action::check);
  }
  for (const std::string off : {"false", "FALSE", "False", "0"}) {
    CHECK_EQUAL(command{}.flag("--config.check=" + off).load().action,
                action::run);
    CHECK_EQUAL(
        command{}.env("BETANET_EXPORTER_CONFIG_CHECK", off).load().action,
        action::run);
  }
  for (const std::string bad : {"yes", "maybe", "2", "on"}) {
    const auto why = ": \"" + bad + "\" is not one of true, false, 1, 0";
    CAF_CHECK_EQUAL(command{}.flag("--config.check=" + bad).problems(),
                    "--config.check" + why);
    CAF_CHECK_EQUAL(
        command{}.env("BETANET_EXPORTER_WEB_SYSTEMD_SOCKET", bad).problems(),
        "BETANET_EXPORTER_WEB_SYSTEMD_SOCKET" + why);
  }
}

CAF_TEST(an explicit switch has priority over its variable) {
  command c;
  c.env("BETANET_EXPORTER_CONFIG_CHECK", "1")
      .env("BETANET_EXPORTER_WEB_SYSTEMD_SOCKET", "true");

  c.flag("--config.check=false").flag("--web.systemd-socket=0");

  CHECK_EQUAL(c.load().action, action::run);
  CAF_CHECK(!c.load().systemd_socket);
}

CAF_TEST(an empty variable counts as not set) {
  command c;
  for (const auto& f : flags())
    c.env(environment_name(f.name), "");
  c.env("BETANET_EXPORTER_SHARD_COUNT", "")
      .env("BETANET_URL", "http://other:1");

  const auto given = c.load();

  CHECK_EQUAL(given.action, action::run);
  CAF_CHECK_EQUAL(to_string(given.settings.web.listen_addresses.at(0)),
                  ":9200");
  CAF_CHECK_EQUAL(to_string(given.settings.targets.at(0).url),
                  "http://other:1");
  CAF_CHECK(given.warnings.empty());
}

CAF_TEST(a variable that is almost one of ours is a warning) {
  command c;
  c.env("BETANET_EXPORTER_LOG_LEVLE", "debug")
      .env("BETANET_EXPORTER_CACHE_TTLS", "1s")
      .env("BETANET_EXPORTER_CACHE_TT", "")
      .env("BETANET_EXPORTER_PORT", "tcp://10.0.0.1:9200")
      .env("BETANET_EXPORTER_PORT_9200_TCP", "tcp://10.0.0.1:9200")
      .env("BETANET_EXPORTER_SERVICE_HOST", "10.0.0.1");

  auto warnings = c.load().warnings;

  std::sort(warnings.begin(), warnings.end());
  CHECK_EQUAL(warnings,
              (std::vector<std::string>{
                  "the environment variable BETANET_EXPORTER_CACHE_TTLS is "
                  "unknown and ignored, did you mean "
                  "BETANET_EXPORTER_CACHE_TTL?",
                  "the environment variable BETANET_EXPORTER_LOG_LEVLE is "
                  "unknown and ignored, did you mean "
                  "BETANET_EXPORTER_LOG_LEVEL?"}));
}

CAF_TEST(the help names type and default and variable of each flag) {
  const auto text = command{}.flag("--help").load().text;

  for (const auto& f : flags()) {
    CHECK_CONTAINS(text, "  --" + f.name + (f.is_switch() ? "" : "=" + f.type) +
                             "\n");
    CHECK_CONTAINS(text, "variable " + environment_name(f.name));
    CHECK_CONTAINS(text, "\n" + f.group + ":\n");
    if (!f.fallback.empty())
      CHECK_CONTAINS(text, "default " + f.fallback + ",");
  }
  CHECK_CONTAINS(text, "--log.level=debug|info|warn|error\n");
  CHECK_CONTAINS(text, "--collection.timeout=DURATION\n");
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    CAF_CHECK_LESS_OR_EQUAL(line.size(),
                            line.find("variable ") == line.npos ? 80u : 100u);
}

CAF_TEST(the lines of the help are as long as eighty columns allow) {
  std::istringstream text{command{}.flag("--help").load().text};
  std::string former, line;
  const auto indentation = [](const std::string& s) {
    return s.find_first_not_of(' ');
  };

  while (std::getline(text, line)) {
    const bool wrapped = line.find("variable BETANET_") == line.npos;
    if (wrapped)
      CAF_CHECK_LESS_OR_EQUAL(line.size(), 80u);
    if (wrapped && !former.empty() && !line.empty() &&
        indentation(former) == indentation(line)) {
      const auto word = line.substr(indentation(line));
      CAF_CHECK_GREATER(
          former.size() + 1 + std::min(word.find(' '), word.size()), 80u);
    }
    former = line;
  }
}

CAF_TEST(each group of flags has one heading) {
  const auto text = command{}.flag("--help").load().text;

  for (const auto& f : flags()) {
    const auto heading = "\n" + f.group + ":\n";
    CAF_CHECK_EQUAL(text.find(heading), text.rfind(heading));
  }
}

CAF_TEST(the URL flag replaces the URL of the only target) {
  const temporary_file file{
      "collection: {timeout: 3s}\n"
      "targets: [{name: a, url: \"http://a\", collection: {interval: 7s}, "
      "endpoints: {metrics: /m}, "
      "http_client_config: {basic_auth: {username: u}}}]"};
  command c;
  c.flag("--config.file=" + file.path).flag("--betanet.url=https://b/p");

  const auto targets = c.load().settings.targets;

  CAF_REQUIRE_EQUAL(targets.size(), 1u);
  CAF_CHECK_EQUAL(targets[0].name, "a");
  CAF_CHECK_EQUAL(to_string(targets[0].url), "https://b:443/p");
  CAF_CHECK_EQUAL(targets[0].paths[0], "/m");
  CHECK_EQUAL(targets[0].polling.collection.interval, 7s);
  CHECK_EQUAL(targets[0].polling.collection.timeout, 3s);
  CAF_CHECK(targets[0].http_client.basic_auth.has_value());
}

CAF_TEST(without targets the URL flag is the target without a name) {
  for (const std::string yaml : {"targets: []", "cache: {ttl: 1s}"}) {
    const temporary_file file{yaml};
    command c;
    c.flag("--config.file=" + file.path).flag("--betanet.url=http://b");

    const auto targets = c.load().settings.targets;

    CAF_REQUIRE_EQUAL(targets.size(), 1u);
    CAF_CHECK_EQUAL(targets[0].name, "");
    CAF_CHECK_EQUAL(to_string(targets[0].url), "http://b:80");
  }
}

CAF_TEST(the interval of automatic reloads is a duration) {
  const std::string flag = "--config.auto-reload-interval";

  CHECK_EQUAL(command{}.load().auto_reload, 0s);
  CHECK_EQUAL(command{}.flag(flag + "=30s").load().auto_reload, 30s);
  CAF_CHECK_EQUAL(command{}.flag(flag + "=5").problems(),
                  flag + ": \"5\" is not a duration such as 250ms, 15s or "
                         "1m30s");
}

CAF_TEST(a target that the URL flag adds has the flag as its place) {
  const temporary_file none{"targets: []"};
  command c;
  c.flag("--config.file=" + none.path);

  c.env("BETANET_URL", "https://a");
  const auto by_variable = c.load().settings.targets.at(0);
  c.flag("--betanet.url=https://b");
  const auto by_flag = c.load().settings.targets.at(0);

  CAF_CHECK_EQUAL(by_variable.origin.text, "BETANET_URL");
  CAF_CHECK_EQUAL(by_flag.origin.text, "--betanet.url");
}

CAF_TEST(no problem hides another) {
  const temporary_file file{"targets:\n"
                            "  - url: http://a\n"
                            "  - {name: b, url: http://b}\n"
                            "retry: {jitter: 2}\n"};
  const auto of_flags =
      "--cache.ttl: \"x\" is not a duration such as 250ms, 15s "
      "or 1m30s";
  const auto check = [](const settings&) {
    return std::vector<std::string>{"checked"};
  };
  const auto with = [&](const std::string& flag) {
    command c;
    c.flag("--nope").flag("--cache.ttl=x").flag(flag);
    try {
      c.load(check);
    } catch (const invalid& e) {
      return e.problems;
    }
    return std::vector<std::string>{};
  };

  CHECK_EQUAL(
      with("--config.file=" + file.path),
      (std::vector<std::string>{
          file.path + ":2:5: target.name: missing, each of several "
                      "targets needs a name",
          file.path + ":4:17: retry.jitter: \"2\" is not between 0 and 1",
          "--nope: unknown flag (see --help)", of_flags, "checked"}));
  CHECK_EQUAL(with("--config.file=/no/such"),
              (std::vector<std::string>{
                  "--nope: unknown flag (see --help)",
                  "--config.file: cannot read /no/such: No such file or "
                  "directory, a readable file is expected",
                  of_flags, "checked"}));
  const temporary_file broken{"a: {"};
  const auto of_syntax = with("--config.file=" + broken.path);
  CAF_REQUIRE_EQUAL(of_syntax.size(), 4u);
  CHECK_CONTAINS(of_syntax[0], broken.path + ":1:");
}

CAF_TEST(an empty configuration file is an error) {
  for (const std::string text :
       {"", "\n \t\n", "\xef\xbb\xbf", "\xef\xbb\xbf \n"}) {
    const temporary_file file{text};
    CAF_CHECK_EQUAL(command{}.flag("--config.file=" + file.path).problems(),
                    file.path + ":1:1: the file is empty, YAML is expected");
  }
  for (const std::string text : {"---\n", "...", "null", "~\n"}) {
    const temporary_file file{text};
    CAF_CHECK_EQUAL(command{}.flag("--config.file=" + file.path).problems(),
                    file.path +
                        ":1:1: the file has no key, a mapping is expected");
  }
  const temporary_file comments{"--- # nothing\n"};
  CAF_CHECK_EQUAL(command{}.flag("--config.file=" + comments.path).problems(),
                  "none");

  const temporary_file garbage{std::string{"\xff\xfe\0", 3}};
  CAF_CHECK_EQUAL(command{}.flag("--config.file=" + garbage.path).problems(),
                  garbage.path +
                      ":1:1: the file is not text, YAML in UTF-8 is expected");
}

CAF_TEST(a configuration file of comments alone gives the defaults) {
  const temporary_file file{"# nothing yet\n"};

  const auto s = command{}.flag("--config.file=" + file.path).load().settings;

  CAF_CHECK_EQUAL(to_yaml(s), to_yaml(parse_yaml("", "f")));
}

CAF_TEST(a configuration without targets is a warning) {
  const temporary_file file{"targets: []"};

  const auto s = command{}.flag("--config.file=" + file.path).load().settings;

  CHECK_EQUAL(warnings_about(s),
              std::vector<std::string>{
                  "targets: there are none, nothing will be collected"});
  CAF_CHECK(warnings_about(command{}.load().settings).empty());
}

CAF_TEST(problems of files are reported together with all others) {
  const temporary_file file{"cache: {ttl: x}\n"
                            "log: {file: /no/such}\n"};
  const auto check = [](const settings& s) {
    return std::vector<std::string>{s.origins.at("log.file").text + ": bad"};
  };
  command c;
  c.flag("--config.file=" + file.path).flag("--log.level=loud");

  CAF_CHECK_EQUAL(c.problems(check),
                  file.path +
                      ":1:14: cache.ttl: \"x\" is not a duration such "
                      "as 250ms, 15s or 1m30s\n" +
                      file.path +
                      ":2:13: log.file: bad\n"
                      "--log.level: \"loud\" is not one of debug, info, "
                      "warn, error");
  CAF_CHECK_EQUAL(command{}.flag("--log.file=x").problems(check),
                  "--log.file: bad");
  command health;
  health.flag("--healthcheck").flag("--log.file=x");
  CAF_CHECK_EQUAL(health.problems(check), "none");
}

CAF_TEST(a secret that cannot be read is reported with its place) {
  auto s =
      parse_yaml("targets:\n"
                 "  - url: https://x\n"
                 "    http_client_config:\n"
                 "      basic_auth: {username: u, password_file: /no/such}\n"
                 "      tls_config:\n"
                 "        ca_file: missing.pem\n"
                 "      http_headers: {A: {files: [\"/no/header\"]}}\n",
                 "/etc/x/f.yml");
  std::vector<std::string> problems;

  reveal_all(s.targets.at(0).http_client.secrets(), problems);

  const std::string prefix = "target.http_client_config.";
  const std::string why =
      ": No such file or directory, a readable file is expected";
  CHECK_EQUAL(
      problems,
      (std::vector<std::string>{
          "/etc/x/f.yml:6:18: " + prefix +
              "tls_config.ca_file: cannot read /etc/x/missing.pem" + why,
          "/etc/x/f.yml:4:48: " + prefix +
              "basic_auth.password_file: cannot read /no/such" + why,
          "/etc/x/f.yml:7:34: " + prefix +
              "http_headers.A.files: cannot read /no/header" + why}));
}
