// Both configuration files and both kinds of lists of targets are read or
// refused with the place, nothing else.
#include "config/target_groups.hpp"
#include "config/web_config.hpp"

#include <cstdlib>

using namespace betanet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto check = [](auto read) {
    try {
      read();
    } catch (const config::invalid& e) {
      for (const auto& problem : e.problems)
        if (!problem.starts_with("f:"))
          std::abort();
    }
  };
  check([&] { config::parse_yaml(text, "f"); });
  check([&] {
    std::vector<std::string> problems;
    config::parse_web_config(text, "f", problems);
    throw config::invalid(std::move(problems));
  });
  check([&] { config::parse_yaml_groups(text, "f"); });
  check([&] { config::parse_json_groups(text, "f"); });
  return 0;
}
