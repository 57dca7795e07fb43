#define CAF_SUITE layers

// The arrows of the house point one way: main -> actors -> {metrics, net,
// config}, and each library is spoken in one place.

#include "tests/suite.hpp"

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace {

const fs::path root{SOURCE_DIR};

/// `file: header` for each include of a header that starts with `prefix` in a
/// source whose path starts with none of `allowed`.
std::vector<std::string> intruders(const std::string& prefix,
                                   const std::vector<std::string>& allowed) {
  std::vector<std::string> found;
  for (const auto* room : {"actors", "config", "metrics", "net", "sim"})
    for (const auto& entry : fs::directory_iterator{root / room}) {
      const auto name = fs::relative(entry.path(), root).string();
      bool at_home = false;
      for (const auto& a : allowed)
        at_home = at_home || name.starts_with(a);
      std::ifstream in{entry.path()};
      for (std::string line; std::getline(in, line) && !at_home;)
        if (line.starts_with("#include <" + prefix) ||
            line.starts_with("#include \"" + prefix))
          found.push_back(name + ": " + line);
    }
  return found;
}

void check_home(const std::string& prefix,
                const std::vector<std::string>& allowed) {
  const auto found = intruders(prefix, allowed);
  for (const auto& f : found)
    CAF_MESSAGE(f);
  CAF_CHECK(found.empty());
}

} // namespace

CAF_TEST(metrics and net and config know neither each other nor actors) {
  check_home("actors/", {"actors/"});
  check_home("metrics/", {"actors/", "metrics/"});
  check_home("net/", {"actors/", "net/"});
  check_home("config/", {"actors/", "config/"});
  check_home("sim/", {"sim/"});
}

CAF_TEST(each library is spoken in one place) {
  check_home("caf/", {"actors/"});
  check_home("boost/asio", {"net/", "sim/"});
  check_home("boost/beast", {"net/"});
  check_home("openssl/", {"net/"});
  check_home("zlib", {"net/negotiate.cpp"});
  check_home("crypt.h", {"net/basic_auth.cpp"});
  check_home("systemd/", {"net/systemd.cpp"});
  check_home("boost/json", {"metrics/parse.cpp", "actors/http_front.",
                            "actors/status_page.", "sim/"});
  check_home("prometheus/", {"metrics/families.cpp"});
  check_home("yaml-cpp/", {"config/"});
  check_home("CLI/", {"config/command_line.cpp", "sim/"});
  check_home("spdlog/", {"actors/log."});
}

CAF_TEST(every request has a time limit and takes an error) {
  int requests = 0;
  for (const auto& entry : fs::directory_iterator{root / "actors"}) {
    std::ifstream in{entry.path()};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    CAF_CHECK_EQUAL(text.find("infinite"), std::string::npos);
    for (auto at = text.find("->request("); at != text.npos;
         at = text.find("->request(", at + 1)) {
      ++requests;
      const auto next = text.find("->request(", at + 1);
      CAF_CHECK_LESS(text.find("caf::error", at), next);
    }
  }
  CAF_CHECK_LESS(2, requests);
}

CAF_TEST(a check that finds nothing looks at something) {
  CAF_CHECK(!intruders("boost/", {}).empty());
  CAF_CHECK(!intruders("metrics/", {"actors/"}).empty());
}
