#define CAF_SUITE layers

// Checks the dependencies between directories: main -> exporter -> actors ->
// pages -> metrics, and actors -> {net, config}. Checks that each library is
// used in one place only.

#include "tests/suite.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

namespace fs = std::filesystem;

namespace {

const fs::path root{SOURCE_DIR};
const std::vector<std::string> program{"main.cpp", "exporter", "healthcheck.",
                                       "preflight.", "probe"};

std::vector<std::string> with(std::vector<std::string> names,
                              const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

/// Calls `see` with the name and each line of every source file except tests.
void each_line(
    const std::function<void(const std::string&, const std::string&)>& see) {
  const auto read = [&](const fs::path& file) {
    const auto name = fs::relative(file, root).string();
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
      see(name, line);
  };
  const auto is_source = [](const fs::path& p) {
    return p.extension() == ".cpp" || p.extension() == ".hpp";
  };
  for (const auto& entry : fs::directory_iterator{root})
    if (is_source(entry.path()))
      read(entry.path());
  for (const auto* room :
       {"actors", "config", "metrics", "net", "pages", "sim"})
    for (const auto& entry : fs::directory_iterator{root / room})
      if (is_source(entry.path()))
        read(entry.path());
}

bool starts_with_any(const std::string& name,
                     const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const auto& p) { return name.starts_with(p); });
}

/// Each include of a header that matches the pattern, as `file: header`, except
/// in files whose name starts with one of `allowed`.
std::vector<std::string> intruders(const std::string& pattern,
                                   const std::vector<std::string>& allowed) {
  const std::regex include{"#include [<\"](" + pattern + ").*"};
  std::vector<std::string> found;
  each_line([&](const std::string& name, const std::string& line) {
    if (!starts_with_any(name, allowed) && std::regex_match(line, include))
      found.push_back(name + ": " + line);
  });
  return found;
}

void check_home(const std::string& pattern,
                const std::vector<std::string>& allowed) {
  CHECK_EQUAL(intruders(pattern, allowed), std::vector<std::string>{});
}

} // namespace

CAF_TEST(directories include only headers of lower layers) {
  check_home("actors/", with({"actors/"}, program));
  check_home("pages/", with({"actors/", "pages/"}, program));
  check_home("metrics/",
             with({"actors/", "metrics/", "pages/", "sim/"}, program));
  check_home("net/", with({"actors/", "net/"}, program));
  check_home("config/", with({"actors/", "config/"}, program));
  check_home("sim/", {"sim/"});
  check_home(
      "(exporter|healthcheck|preflight|probe|probe_lists|probe_table)\\.hpp",
      program);
}

CAF_TEST(the simulator includes only the table of fields from metrics) {
  check_home("metrics/(?!fields\\.hpp)",
             with({"actors/", "metrics/", "pages/"}, program));
}

CAF_TEST(private headers are included only in their directory) {
  for (const std::string room :
       {"actors/", "config/", "metrics/", "net/", "pages/"})
    check_home(room + "[a-z_]*_impl\\.hpp", {room});
}

CAF_TEST(each library is used in one place only) {
  check_home("caf/", {"actors/", "exporter", "main.cpp"});
  check_home("boost/asio", {"net/", "sim/"});
  check_home("boost/beast", {"net/"});
  check_home("openssl/", {"net/", "config/shard.cpp"});
  check_home("zlib", {"net/gzip.cpp"});
  check_home("crypt.h", {"net/basic_auth.cpp"});
  check_home("boost/json",
             {"config/json_groups.cpp", "metrics/parse.cpp", "pages/", "sim/"});
  check_home("prometheus/",
             {"metrics/samples.cpp", "metrics/samples_impl.hpp"});
  check_home("yaml-cpp/", {"config/"});
  check_home("CLI/", {"config/command_line.cpp", "sim/"});
  check_home("spdlog/", {"actors/log.", "main.cpp"});
}

CAF_TEST(no code casts to an enumeration) {
  const std::regex declaration{".*enum class ([a-z_]+).*"};
  std::set<std::string> enums;
  each_line([&](const std::string&, const std::string& line) {
    std::smatch m;
    if (std::regex_match(line, m, declaration))
      enums.insert(m[1]);
  });
  CAF_CHECK(enums.contains("tls_version"));

  const std::regex cast{"static_cast<([a-z_]+::)*([a-z_]+)>"};
  std::vector<std::string> found;
  each_line([&](const std::string& name, const std::string& line) {
    for (std::sregex_iterator m{line.begin(), line.end(), cast}, end; m != end;
         ++m)
      if (enums.contains((*m)[2]))
        found.push_back(name + ": " + line);
  });
  CHECK_EQUAL(found, std::vector<std::string>{});
}

CAF_TEST(comments cite documents that a reader can find) {
  const std::regex riddle{"([Ss]pec(ification)?,? section|the spec\\b).*"};
  std::vector<std::string> found;
  each_line([&](const std::string& name, const std::string& line) {
    if (std::regex_search(line, riddle))
      found.push_back(name + ": " + line);
  });
  CHECK_EQUAL(found, std::vector<std::string>{});
}

CAF_TEST(every request has a time limit and takes an error) {
  int requests = 0;
  for (const auto& entry : fs::directory_iterator{root / "actors"}) {
    std::ifstream in{entry.path()};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    // The front watches its requests itself: a late answer is still awaited.
    if (!entry.path().filename().string().starts_with("http_front"))
      CHECK_NOT_CONTAINS(text, "infinite");
    const std::string request = "self->request(";
    for (auto at = text.find(request); at != text.npos;) {
      ++requests;
      const auto next = text.find(request, at + 1);
      CAF_CHECK_LESS(text.find("caf::error", at), next);
      at = next;
    }
  }
  CAF_CHECK_LESS(2, requests);
}

CAF_TEST(the searches find known includes) {
  CAF_CHECK(!intruders("boost/", {}).empty());
  CAF_CHECK(!intruders("metrics/", {"actors/"}).empty());
}
