#define CAF_SUITE target_files

#include "config/target_files.hpp"

#include "config/config.hpp"
#include "tests/suite.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

using namespace betanet;
namespace fs = std::filesystem;

namespace {

struct folder_fixture {
  folder_fixture() {
    std::string name = fs::temp_directory_path() / "betanet-XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~folder_fixture() { fs::remove_all(folder); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder / "new"} << text;
    fs::rename(folder / "new", folder / name);
  }

  void list(const std::string& name, const std::string& address) {
    write(name, "- targets: ['" + address + "']\n");
  }

  /// Looks and returns the addresses found.
  std::set<std::string> look(bool all = false) {
    state = config::look_for_targets(folder / pattern, std::move(state), all);
    std::set<std::string> addresses;
    for (const auto& [_, file] : state.files)
      if (file.groups)
        for (const auto& g : *file.groups)
          addresses.insert(g.targets.begin(), g.targets.end());
    return addresses;
  }

  std::string problem(const std::string& name) {
    return state.files.at(folder / name).problem;
  }

  fs::path folder;
  std::string pattern = "*.yml";
  config::target_folder state;
};

using names = std::set<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(target_files_tests, folder_fixture)

CAF_TEST(the first look takes what it finds) {
  list("1.yml", "a:1");
  list("2.yml", "b:2");
  list(".hidden.yml", "c:3");
  list("other.yaml", "d:4");

  CHECK_EQUAL(look(), (names{"a:1", "b:2", "c:3"}));
  CAF_CHECK_EQUAL(state.readings, 3u);
  CAF_CHECK_EQUAL(state.failures, 0u);
}

CAF_TEST(nothing is read again while nothing changes) {
  list("1.yml", "a:1");
  look();

  CHECK_EQUAL(look(), names{"a:1"});
  CAF_CHECK_EQUAL(state.readings, 0u);

  CHECK_EQUAL(look(true), names{"a:1"});
  CAF_CHECK_EQUAL(state.readings, 1u);
}

CAF_TEST(a change counts when two looks agree) {
  list("1.yml", "a:1");
  look();

  list("1.yml", "b:2");
  CHECK_EQUAL(look(), names{"a:1"});
  list("1.yml", "c:3"); // is still being written
  CHECK_EQUAL(look(), names{"a:1"});
  CHECK_EQUAL(look(), names{"c:3"});
}

CAF_TEST(a new file counts when two looks agree) {
  look();

  list("1.yml", "a:1");

  CHECK_EQUAL(look(), names{});
  CHECK_EQUAL(look(), names{"a:1"});
}

CAF_TEST(a file that is gone in two looks takes its targets along) {
  list("1.yml", "a:1");
  list("2.yml", "b:2");
  look();

  fs::remove(folder / "1.yml");

  CHECK_EQUAL(look(), (names{"a:1", "b:2"}));
  CHECK_EQUAL(look(), names{"b:2"});
}

CAF_TEST(a file that is back at the next look was not gone) {
  list("1.yml", "a:1");
  look();

  fs::rename(folder / "1.yml", folder / "1.backup");
  look();
  fs::rename(folder / "1.backup", folder / "1.yml");

  CHECK_EQUAL(look(), names{"a:1"});
  CHECK_EQUAL(look(), names{"a:1"});
}

CAF_TEST(the links of a ConfigMap may be swapped) {
  fs::create_directory(folder / "..1");
  fs::create_directory(folder / "..2");
  list("..1/1.yml", "a:1");
  list("..2/1.yml", "b:2");
  fs::create_directory_symlink("..1", folder / "..data");
  fs::create_symlink("..data/1.yml", folder / "1.yml");
  CHECK_EQUAL(look(), names{"a:1"});

  fs::create_directory_symlink("..2", folder / "..next");
  fs::rename(folder / "..next", folder / "..data");
  fs::remove_all(folder / "..1");

  look();
  CHECK_EQUAL(look(), names{"b:2"});
}

CAF_TEST(the last valid content of a bad file stays and others change) {
  list("1.yml", "a:1");
  list("2.yml", "b:2");
  look();

  write("1.yml", "- targets: [\n");
  list("2.yml", "c:3");
  look();

  CHECK_EQUAL(look(), (names{"a:1", "c:3"}));
  CAF_CHECK_EQUAL(state.readings, 2u);
  CAF_CHECK_EQUAL(state.failures, 1u);
  CHECK_CONTAINS(problem("1.yml"), "1.yml:2:1: ");

  list("1.yml", "d:4");
  look();
  CHECK_EQUAL(look(), (names{"c:3", "d:4"}));
  CAF_CHECK_EQUAL(problem("1.yml"), "");
}

CAF_TEST(a file that was never valid has no targets) {
  write("1.yml", "- null\n");
  list("2.yml", "b:2");

  CHECK_EQUAL(look(), names{"b:2"});
  CAF_CHECK_EQUAL(state.failures, 1u);
}

CAF_TEST(a folder in the place of a file is a problem and not a list) {
  fs::create_directory(folder / "1.yml");

  CHECK_EQUAL(look(), names{});
  CHECK_CONTAINS(problem("1.yml"), "not a regular file");
}

CAF_TEST(a folder that does not exist is no problem) {
  pattern = "none/*.yml";

  CHECK_EQUAL(look(), names{});
  CAF_CHECK_EQUAL(state.failures, 0u);
}

CAF_TEST(targets stay while their folder cannot be read) {
  pattern = "lists/*.yml";
  fs::create_directory(folder / "lists");
  list("lists/1.yml", "a:1");
  look();

  fs::rename(folder / "lists", folder / "former");
  fs::create_symlink("lists", folder / "lists"); // a loop: ELOOP
  look();
  look();
  CHECK_EQUAL(look(), names{"a:1"});
  CHECK_CONTAINS(state.problem, "cannot read the folder");
  CAF_CHECK_EQUAL(state.failures, 1u);

  fs::remove(folder / "lists");
  fs::rename(folder / "former", folder / "lists");
  CHECK_EQUAL(look(), names{"a:1"});
  CAF_CHECK_EQUAL(state.problem, "");
}

CAF_TEST_FIXTURE_SCOPE_END()
