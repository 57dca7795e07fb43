#pragma once

#include "config/keys_impl.hpp"

#include <map>

namespace betanet::config {

/// The value of a flag or an environment variable. `place` is the name of the
/// flag or the variable for messages.
struct given {
  std::string place, value;
};

/// The flags of the command line and the corresponding environment variables.
class command_line {
public:
  /// Throws `invalid` if a flag lacks its value.
  command_line(int argc, const char* const* argv);

  /// What is wrong with words that are not flags, and with variables.
  const std::vector<std::string>& problems() const { return problems_; }

  /// The value of the flag or, if it is not given, of its environment variable.
  std::optional<given> find(const std::string& flag) const;

  /// Whether a switch is on. A bad value is added to `problems`.
  bool is_set(const std::string& flag,
              std::vector<std::string>& problems) const;

private:
  void parse(std::vector<const char*> words);

  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> problems_;
};

} // namespace betanet::config
