#define CAF_SUITE target_groups

// Compares our reading of lists of targets with that of a real Prometheus,
// which tests/fleet.py has written into target_groups.json.

#include "config/target_groups.hpp"

#include "config/config.hpp"
#include "tests/suite.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <set>

using namespace betanet;

namespace {

namespace json = boost::json;

struct table_row {
  std::string file, content;
  /// Address and labels of each target, as text; empty: the file is refused.
  std::optional<std::set<std::string>> targets;
};

std::string text_of(const json::value& v) {
  return {v.as_string().begin(), v.as_string().end()};
}

/// The bytes whose values are the characters of a text in UTF-8.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80)
      bytes += text[i];
    else
      bytes += static_cast<char>((c & 3) << 6 | (text[++i] & 0x3f));
  }
  return bytes;
}

std::vector<table_row> read_table() {
  std::ifstream in{SOURCE_DIR "/tests/target_groups.json"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::vector<table_row> rows;
  const auto table = json::parse(text);
  for (const auto& entry : table.as_array()) {
    const auto& o = entry.as_object();
    table_row row{text_of(o.at("file")),
                  o.contains("text") ? text_of(o.at("text"))
                                     : bytes_of(text_of(o.at("latin1"))),
                  {}};
    if (!o.at("targets").is_null()) {
      row.targets.emplace();
      for (const auto& t : o.at("targets").as_array()) {
        std::map<std::string, std::string> labels; // sorts them
        for (const auto& l : t.at(1).as_object())
          labels[std::string{l.key()}] = text_of(l.value());
        row.targets->insert(text_of(t.at(0)) + testing::show(labels));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

config::target_groups parse(const table_row& row) {
  const auto ending = row.file.substr(row.file.rfind('.') + 1);
  return ending == "json" || ending == "JSON"
             ? config::parse_json_groups(row.content, row.file)
             : config::parse_yaml_groups(row.content, row.file);
}

std::optional<std::set<std::string>> targets_of(const table_row& row) {
  std::set<std::string> all;
  try {
    for (auto& group : parse(row)) {
      std::erase_if(group.labels, [](const auto& l) {
        return l.first.starts_with("__") || l.second.empty();
      });
      for (const auto& t : group.targets)
        all.insert(t + testing::show(group.labels));
    }
  } catch (const config::invalid&) {
    return std::nullopt;
  }
  return all;
}

/// The problem with a list in JSON.
std::string json_problem(const std::string& text) {
  try {
    config::parse_json_groups(text, "f.json");
    return "none";
  } catch (const config::invalid& e) {
    return e.what();
  }
}

std::string yaml_problem(const std::string& text) {
  try {
    config::parse_yaml_groups(text, "f.yml");
    return "none";
  } catch (const config::invalid& e) {
    return e.what();
  }
}

} // namespace

CAF_TEST(every file is read as a real Prometheus reads it) {
  const auto rows = read_table();

  CAF_CHECK_LESS(100u, rows.size());
  for (const auto& row : rows) {
    CAF_MESSAGE(row.file);
    CHECK_EQUAL(targets_of(row), row.targets);
  }
}

CAF_TEST(a problem with a list in JSON is told with its place) {
  CAF_CHECK_EQUAL(json_problem("[{\"targets\": [1]}]"),
                  "f.json:1:16: found a number, an address is expected");
  CAF_CHECK_EQUAL(json_problem("[\n null]"),
                  "f.json:2:2: a group is null, an object is expected");
  CAF_CHECK_EQUAL(json_problem("[{\"target\": []}]"),
                  "f.json:1:10: unknown field \"target\", targets and labels "
                  "are expected");
  CAF_CHECK_EQUAL(json_problem("[{\"labels\": {\"x-y\": \"\"}}]"),
                  "f.json:1:18: \"x-y\" is not the name of a label");
  CHECK_CONTAINS(json_problem("<html>"), "f.json:1:1: not JSON: ");
  CAF_CHECK_EQUAL(json_problem("[] []"),
                  "f.json:1:4: unexpected text after the list");
}

CAF_TEST(a value of a wrong kind in JSON is told with what is expected) {
  const std::pair<const char*, const char*> table[] = {
      {"{}", "found an object, a list of groups"},
      {"1", "found a number, a list of groups"},
      {"[[]]", "found a list, an object"},
      {"[true]", "found a boolean, an object"},
      {"[-1]", "found a number, an object"},
      {"[\"a\"]", "found a text, an object"},
      {"[{\"targets\": {}}]", "found an object, a list of addresses"},
      {"[{\"targets\": \"a\"}]", "found a text, a list of addresses"},
      {"[{\"targets\": [[]]}]", "found a list, an address"},
      {"[{\"targets\": [{}]}]", "found an object, an address"},
      {"[{\"labels\": []}]", "found a list, an object of labels"},
      {"[{\"labels\": 1.5}]", "found a number, an object of labels"},
      {"[{\"labels\": {\"a\": {}}}]", "found an object, a text"},
      {"[{\"labels\": {\"a\": []}}]", "found a list, a text"},
      {"[{\"labels\": {\"a\": false}}]", "found a boolean, a text"}};

  for (const auto& [text, expected] : table)
    CHECK_CONTAINS(json_problem(text),
                   std::string{": "} + expected + " is expected");
}

CAF_TEST(a problem with a list in YAML is told with its place) {
  CAF_CHECK_EQUAL(yaml_problem("- targets: [[]]"),
                  "f.yml:1:13: found a list, a text is expected");
  CAF_CHECK_EQUAL(yaml_problem("- {}\n- ~\n"),
                  "f.yml:2:3: a group is null, a mapping is expected");
  CAF_CHECK_EQUAL(yaml_problem("- target: []"),
                  "f.yml:1:3: unknown field \"target\", targets and labels are "
                  "expected");
}

CAF_TEST(a list of many levels or nodes is refused) {
  const std::string deep(100'000, '[');
  std::string bomb = "- &a {labels: {x: y}}\n";
  for (int i = 1; i < 30; ++i)
    bomb += "- &" + std::string(1, static_cast<char>('a' + i)) + " [*" +
            std::string(1, static_cast<char>('a' + i - 1)) + ", *" +
            std::string(1, static_cast<char>('a' + i - 1)) + "]\n";

  CHECK_CONTAINS(json_problem("[{\"targets\": " + deep), "f.json:1:");
  CHECK_CONTAINS(yaml_problem(deep), "f.yml:1:");
  CHECK_CONTAINS(yaml_problem(bomb), "f.yml:");
}
