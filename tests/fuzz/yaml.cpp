// A configuration file is read or refused with the place, nothing else.
#include "config/config.hpp"

#include <cstdlib>

using namespace betanet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  try {
    config::parse_yaml({reinterpret_cast<const char*>(data), size}, "f");
  } catch (const config::invalid& e) {
    for (const auto& problem : e.problems)
      if (!problem.starts_with("f:"))
        std::abort();
  }
  return 0;
}
