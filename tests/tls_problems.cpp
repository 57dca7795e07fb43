#define CAF_SUITE tls_problems

#include "actors/tls_problems.hpp"

#include "actors/upstream.hpp"
#include "actors/web_reading.hpp"
#include "config/config.hpp"
#include "tests/suite.hpp"

#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace betanet;

namespace {

/// A folder with two files that are no PEM.
struct folder {
  std::string path = "/tmp/tls_problems_test." + std::to_string(getpid());

  folder() {
    CAF_REQUIRE_EQUAL(std::system(("mkdir " + path).c_str()), 0);
    write("bad.pem", "no certificate");
    write("bad.key", "no key");
  }
  ~folder() { std::system(("rm -r " + path).c_str()); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path + "/" + name} << text;
    return path + "/" + name;
  }
};

/// The places and keys of the problems, as `3:7 tls_config.ca_file`.
std::vector<std::string> places(const std::vector<std::string>& problems,
                                const std::string& file) {
  std::vector<std::string> all;
  for (const auto& p : problems) {
    auto rest = p.substr(p.starts_with(file + ":") ? file.size() + 1 : 0);
    const auto key = rest.find(": ");
    const auto end = rest.find(": ", key + 2);
    all.push_back(rest.substr(0, key) + " " +
                  rest.substr(key + 2, end - key - 2));
  }
  return all;
}

std::vector<std::string> web_places(const folder& f, const std::string& yaml) {
  const auto file = f.write("web.yml", yaml);
  std::istringstream lines{read_web(file, {}).problem};
  std::vector<std::string> problems;
  for (std::string line; std::getline(lines, line);)
    problems.push_back(line);
  return places(problems, file);
}

std::vector<std::string> target_places(const folder& f,
                                       const std::string& client) {
  const auto file = f.path + "/f.yml";
  const auto s = config::parse_yaml("targets:\n- url: https://x\n"
                                    "  http_client_config:\n" +
                                        client,
                                    file);
  net::tls_contexts contexts;
  try {
    check_identity(s.targets.at(0), contexts);
  } catch (const config::invalid& e) {
    return places(e.problems, file);
  }
  return {};
}

using lines = std::vector<std::string>;

} // namespace

CAF_TEST(a bad key of the web configuration hides no missing file) {
  const folder f;

  const auto found = web_places(f, "typo: 1\n"
                                   "tls_server_config:\n"
                                   "  cert_file: missing.pem\n"
                                   "  key_file: missing.key\n"
                                   "rate_limit: {burst: x}\n");

  CAF_CHECK_EQUAL(found, (lines{"1:1 typo", "3:14 tls_server_config.cert_file",
                                "4:13 tls_server_config.key_file",
                                "5:21 rate_limit.burst"}));
}

CAF_TEST(each bad part of the server is told at its key) {
  const folder f;

  const auto found =
      web_places(f, "tls_server_config:\n"
                    "  cert_file: bad.pem\n"
                    "  key_file: bad.key\n"
                    "  client_auth_type: RequireAndVerifyClientCert\n"
                    "  client_ca_file: bad.pem\n");

  CAF_CHECK_EQUAL(found, (lines{"2:14 tls_server_config.cert_file",
                                "3:13 tls_server_config.key_file",
                                "5:19 tls_server_config.client_ca_file"}));
}

CAF_TEST(a part of the server that is missing is told once) {
  const folder f;

  const auto found = web_places(f, "tls_server_config:\n"
                                   "  key_file: bad.key\n"
                                   "  cipher_suites: [TLS_NONE]\n");

  CAF_CHECK_EQUAL(
      found, (lines{"2:3 tls_server_config", "2:13 tls_server_config.key_file",
                    "3:19 tls_server_config.cipher_suites"}));
}

CAF_TEST(each bad part of a target is told at its key) {
  const folder f;

  const auto found =
      target_places(f, "    tls_config:\n"
                       "      ca_file: bad.pem\n"
                       "      cert_file: bad.pem\n"
                       "      key_file: bad.key\n"
                       "    http_headers: {A: {files: [missing]}}\n");

  const std::string prefix = "target.http_client_config.";
  CAF_CHECK_EQUAL(found, (lines{"8:32 " + prefix + "http_headers.A.files",
                                "5:16 " + prefix + "tls_config.ca_file",
                                "6:18 " + prefix + "tls_config.cert_file",
                                "7:17 " + prefix + "tls_config.key_file"}));
}

CAF_TEST(a file that is no PEM is told in plain words) {
  const folder f;
  const auto file = f.write("web.yml", "tls_server_config: {cert_file: "
                                       "bad.pem, key_file: bad.key}\n");

  const auto problem = read_web(file, {}).problem;

  CHECK_CONTAINS(problem, "the server certificate cannot be read as PEM\n");
  CHECK_CONTAINS(problem, "the server key cannot be read as PEM");
}

CAF_TEST(a file of a target that cannot be read hides no bad one) {
  const folder f;

  const auto found = target_places(f, "    tls_config:\n"
                                      "      ca_file: missing.pem\n"
                                      "      cert_file: missing.pem\n"
                                      "      key_file: bad.key\n");

  const std::string prefix = "target.http_client_config.tls_config.";
  CAF_CHECK_EQUAL(found, (lines{"5:16 " + prefix + "ca_file",
                                "6:18 " + prefix + "cert_file",
                                "7:17 " + prefix + "key_file"}));
}

CAF_TEST(a target without https needs no certificates) {
  const folder f;
  auto s = config::parse_yaml("targets: [{url: http://x, http_client_config: "
                              "{tls_config: {ca_file: bad.pem}}}]",
                              f.path + "/f.yml");
  net::tls_contexts contexts;

  CAF_CHECK(!check_identity(s.targets.at(0), contexts));
}
