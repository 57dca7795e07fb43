#pragma once

#include "config/config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

/// What the suites of the configuration share.
namespace betanet::testing {

/// A command line and environment variables. The destructor unsets the
/// variables.
struct command {
  std::vector<std::string> words{"betanet_exporter"};
  std::vector<std::string> variables;

  ~command() {
    for (const auto& v : variables)
      unsetenv(v.c_str());
  }

  command& env(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    variables.push_back(name);
    return *this;
  }

  command& flag(const std::string& word) {
    words.push_back(word);
    return *this;
  }

  config::invocation load(const config::further_check& check = {}) const {
    std::vector<const char*> argv;
    for (const auto& w : words)
      argv.push_back(w.c_str());
    return config::load(static_cast<int>(argv.size()), argv.data(), {}, check);
  }

  std::string problems(const config::further_check& check = {}) const {
    try {
      load(check);
    } catch (const config::invalid& e) {
      return e.what();
    }
    return "none";
  }
};

/// A file that the destructor deletes.
struct temporary_file {
  std::string path;

  explicit temporary_file(const std::string& text)
      : path(std::filesystem::temp_directory_path() /
             ("betanet-" + std::to_string(getpid()) + "-" +
              std::to_string(++made) + ".yml")) {
    std::ofstream{path} << text;
  }
  ~temporary_file() { std::filesystem::remove(path); }

  static inline int made = 0;
};

} // namespace betanet::testing
