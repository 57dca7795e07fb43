#define CAF_SUITE documentation

// Checks that the documents describe all flags, keys, metrics and paths of the
// binary, and no others.

#include "config/config.hpp"
#include "metrics/render.hpp"
#include "pages/routes.hpp"
#include "tests/suite.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

using namespace betanet;

namespace {

using row = std::vector<std::string>;

/// The rows of the table in `document` whose first header cell is this one.
/// Backticks are removed from the cells.
std::vector<row> table(const std::string& document,
                       const std::string& first_header_cell) {
  std::ifstream in{SOURCE_DIR "/" + document};
  std::vector<row> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| " + first_header_cell + " |")) {
      inside = true;
      std::getline(in, line); // skips the line between header and rows
      continue;
    }
    if (!inside)
      continue;
    if (!line.starts_with("|"))
      break;
    row cells;
    for (std::size_t at = 1; at < line.size();) {
      const auto end = line.find(" |", at);
      auto cell = line.substr(at, end - at);
      std::erase(cell, '`');
      cell.erase(0, cell.find_first_not_of(' '));
      cells.push_back(cell);
      at = end + 2;
    }
    rows.push_back(cells);
  }
  CAF_CHECK(!rows.empty());
  return rows;
}

void compare(const std::vector<config::documented>& binary,
             const std::vector<row>& documented, const std::string& prefix) {
  std::set<row> expected;
  for (const auto& d : binary)
    expected.insert({prefix + d.name, d.fallback, d.help});
  const std::set<row> found(documented.begin(), documented.end());
  for (const auto& r : expected)
    if (!found.contains(r))
      CAF_FAIL("not documented: " << r[0] << " | " << r[1] << " | " << r[2]);
  for (const auto& r : found)
    if (!expected.contains(r))
      CAF_FAIL("not in the binary: " << r[0]);
  CAF_CHECK_EQUAL(expected.size(), documented.size());
}

std::string content_of(const std::string& file) {
  std::ifstream in{SOURCE_DIR "/" + file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The items of the lists between two headings of a Markdown document, each in
/// one line.
std::vector<std::string> items_between(const std::string& document,
                                       const std::string& first_heading,
                                       const std::string& next_heading) {
  const auto text = content_of(document);
  std::istringstream lines{text.substr(0, text.find(next_heading))};
  std::vector<std::string> items;
  bool inside = false, in_item = false;
  for (std::string line; std::getline(lines, line);) {
    inside = inside || line == first_heading;
    in_item = line.starts_with("- ") || (in_item && line.starts_with("  "));
    if (!inside || !in_item)
      continue;
    if (line.starts_with("- "))
      items.push_back(line.substr(2));
    else
      items.back() += line.substr(1);
  }
  return items;
}

/// What is wrong with the tests that a promise names, as in
/// "(`tests/a.cpp`: *one*, *two*; `tests/b.py`)". Empty: nothing.
std::string defect_of(const std::string& promise) {
  static const std::regex place{
      "`(tests/[a-z0-9_/]+\\.(?:cpp|py))`(:?)|\\*([^*]+)\\*"};
  std::string file, source;
  for (std::sregex_iterator m{promise.begin(), promise.end(), place}, end;
       m != end; ++m) {
    if ((*m)[1].matched) {
      file = (*m)[1];
      source = content_of(file);
      if (source.empty())
        return file + " does not exist";
      // The targets of the fuzzer have no names.
      if ((*m)[2].length() == 0 && !file.starts_with("tests/fuzz/"))
        return file + " without the name of a test";
    } else if (const std::string name = (*m)[3];
               source.find("CAF_TEST(" + name + ")") == source.npos &&
               source.find("def " + name + "(") == source.npos) {
      return file + " has no test " + name;
    }
  }
  return file.empty() ? "names no test" : "";
}

} // namespace

CAF_TEST(every flag is documented and every documented flag exists) {
  compare(config::documented_flags(), table("docs/configuration.md", "Flag"),
          "--");
}

CAF_TEST(every key is documented and every documented key exists) {
  compare(config::documented_keys(), table("docs/configuration.md", "Key"), "");
}

CAF_TEST(the file in the repository has every key with its default) {
  std::ifstream in{SOURCE_DIR "/config/betanet_exporter.yml"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};

  CAF_CHECK_EQUAL(config::to_yaml(config::parse_yaml(text, "f")),
                  config::to_yaml(config::parse_yaml("", "f")));
  for (const auto& k : config::documented_keys()) {
    const auto leaf = k.name.substr(k.name.find('.') + 1) + ":";
    if (!k.name.starts_with("targets.") &&
        !k.name.starts_with("target_files") && !k.name.starts_with("http_sd."))
      CHECK_CONTAINS(text, "\n  " + leaf);
  }
}

CAF_TEST(every key of the web configuration is documented) {
  compare(config::documented_web_keys(),
          table("docs/configuration.md", "Web key"), "");
}

CAF_TEST(every metric is documented and every documented metric exists) {
  auto s = std::make_shared<metrics::snapshot>(
      metrics::freshness_rules{},
      std::make_shared<const std::vector<double>>(std::vector{1.0}),
      metrics::time_point{});
  for (auto& f : s->fields)
    f.value = 1;
  s->certificate_expiry.emplace();
  s->addresses = std::make_shared<const std::vector<metrics::replica_address>>(
      std::vector<metrics::replica_address>{{"http://a", {}}});
  s->replicas.resize(1);
  for (auto& e : s->endpoints)
    e.request_timeout = metrics::duration::zero();
  metrics::exposition exposition{metrics::detail::full, {}, {}};
  exposition.update("", s);
  exposition.show({metrics::source_count{"file"}});
  exposition.show(metrics::shard_place{});
  const metrics::front_totals front{pages::request_counts{}.all()};

  const auto page =
      exposition
          .render(metrics::time_point{}, front, metrics::read_process_stats())
          .text;

  std::istringstream in{page};
  std::map<std::string, row> binary; // name, type and help, by name
  for (std::string line; std::getline(in, line);) {
    const auto name = line.substr(7, line.find(' ', 7) - 7);
    const auto rest = line.substr(std::min(line.size(), 8 + name.size()));
    if (line.starts_with("# HELP "))
      binary[name] = {name, "", rest};
    else if (line.starts_with("# TYPE "))
      binary[name][1] = rest;
  }

  const auto rows = table("docs/metrics.md", "Metric");
  CAF_CHECK_EQUAL(rows.size(), binary.size());
  for (const auto& r : rows) {
    const auto found = binary.find(r[0]);
    if (found == binary.end()) {
      CAF_FAIL("not in the binary: " << r[0]);
      continue;
    }
    CAF_CHECK_EQUAL(r[1], found->second[1]);
    CAF_CHECK_EQUAL(r[3], found->second[2]);
    // a sample of the family has each documented label
    std::istringstream labels{r[2]};
    for (std::string label; std::getline(labels >> std::ws, label, ',');) {
      const auto at = page.find("\n" + r[0] + "{");
      const auto bucket = page.find("\n" + r[0] + "_bucket{");
      const auto sample = page.substr(std::min(at, bucket) + 1);
      CHECK_CONTAINS(sample.substr(0, sample.find('\n')), label + "=\"");
    }
  }
}

CAF_TEST(the image is built with the packages that dev installs) {
  const auto text_of = [](const char* file) {
    std::ifstream in{file};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  const auto dev = text_of(SOURCE_DIR "/dev");
  const auto image = text_of(SOURCE_DIR "/Dockerfile");
  const auto begin = dev.find("build_packages=(") + 16;
  std::istringstream packages{dev.substr(begin, dev.find(')', begin) - begin)};

  int found = 0;
  for (std::string p; packages >> p;)
    if (p != "ccache" && p != "git") {
      ++found;
      if (image.find(" " + p) == image.npos)
        CAF_FAIL("not in Dockerfile: " << p);
    }
  CAF_CHECK_LESS(10, found);
}

CAF_TEST(README lists the fields of each endpoint) {
  std::set<row> documented, known;
  for (const auto& r : table("README.md", "Endpoint"))
    documented.insert(r);

  for (const auto& e : endpoint_table) {
    std::set<std::string> keys;
    for (const auto& f : metrics::field_table)
      if (f.source == e.id)
        keys.emplace(f.key);
    std::string list;
    for (const auto& k : keys)
      list += (list.empty() ? "" : ", ") + k;
    known.insert({std::string{e.name}, std::string{e.default_path}, list});
  }

  CHECK_EQUAL(documented, known);
}

CAF_TEST(every path is documented and every documented path is served) {
  std::set<std::string> documented, served;
  for (const auto& r : table("README.md", "Path"))
    documented.insert(r[0]);
  for (const auto& r : pages::route_table)
    served.emplace(r.path);

  CHECK_EQUAL(documented, served);
}

CAF_TEST(every promise of SECURITY names tests that exist) {
  const auto promises = items_between(
      "SECURITY.md", "## What the program promises", "## Out of scope");

  CAF_CHECK_LESS(20u, promises.size());
  for (const auto& p : promises)
    if (const auto defect = defect_of(p); !defect.empty())
      CAF_ERROR(p << ": " << defect);
}
