// Does the named work some times. Run by valgrind, which counts the
// instructions; see bench/counts.py.
#include "bench/counts/workloads.hpp"

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace {

namespace counts = betanet::counts;

struct workload {
  std::string_view name;
  void (*run)(int);
};

constexpr workload workloads[]{
    {"parse", counts::parse},         {"render", counts::render},
    {"serialize", counts::serialize}, {"scrape", counts::scrape},
    {"fetch", counts::fetch},         {"collect", counts::collect},
};

} // namespace

int main(int argc, char** argv) {
  if (argc == 3)
    for (const auto& w : workloads)
      if (w.name == argv[1]) {
        w.run(std::atoi(argv[2]));
        // As the exporter does: a thread of a library may still run.
        std::quick_exit(EXIT_SUCCESS);
      }
  std::cerr << "usage: counts WORKLOAD TIMES\n";
  return EXIT_FAILURE;
}
