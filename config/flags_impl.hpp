#pragma once

#include <optional>
#include <string>
#include <vector>

namespace betanet::config {

/// A flag of the command line. The help text, the command line and the
/// documentation use this description.
struct flag {
  std::string name; ///< Without dashes.
  std::string fallback;
  std::string help;
  std::string type;  ///< The kind of its value; empty: a switch without one.
  std::string group; ///< Its heading in the help text.

  bool is_switch() const { return type.empty(); }
};

/// All flags in the order of `--help`.
const std::vector<flag>& flags();

/// The environment variable that stands for a flag.
std::string environment_name(const std::string& flag);

/// The value of an environment variable. A variable with an empty value counts
/// as one that is not set.
std::optional<std::string> environment_value(const std::string& name);

/// The text of `--help`.
std::string help_text();

/// Warnings about variables whose names are almost those of a flag's variable.
/// `environment` has the form of environ(7).
std::vector<std::string> misspelt_variables(const char* const* environment);

} // namespace betanet::config
