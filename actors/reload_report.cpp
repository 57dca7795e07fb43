#include "actors/reload_report.hpp"

#include <algorithm>

namespace betanet {

std::string label_of(const config::target& t) {
  return t.name.empty() ? to_string(t.url) : t.name;
}

std::string list_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > most)
    text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

std::string describe(const reload_changes& c, std::size_t targets) {
  auto text = "Reloaded, targets: " + std::to_string(targets) + "\n";
  const auto tell = [&](const char* what,
                        const std::vector<std::string>& names) {
    if (!names.empty())
      text += std::string{what} + ": " + list_names(names) + "\n";
  };
  tell("Added", c.added);
  tell("Removed", c.removed);
  tell("Changed", c.changed);
  tell("Waiting for a restart", c.waiting);
  return text;
}

} // namespace betanet
