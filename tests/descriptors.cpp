#define CAF_SUITE descriptors

#include "net/descriptors.hpp"

#include "tests/suite.hpp"

#include <sys/resource.h>

using namespace betanet;
using net::connections_within;
using net::descriptor_problem;

CAF_TEST(three descriptors are needed for each target and 32 besides) {
  CAF_CHECK_EQUAL(net::descriptors_needed(0), 32u);
  CAF_CHECK_EQUAL(net::descriptors_needed(1), 35u);
  CAF_CHECK_EQUAL(net::descriptors_needed(10000), 30032u);
}

CAF_TEST(a hard limit below the need is a problem that has both numbers) {
  CAF_CHECK_EQUAL(descriptor_problem(1, 35), "");
  CAF_CHECK_EQUAL(descriptor_problem(1, RLIM_INFINITY), "");

  const auto why = descriptor_problem(331, 1024);

  CAF_CHECK_EQUAL(
      why.substr(0, why.find(':')),
      "331 targets or replicas need 1025 file descriptors, but the hard limit "
      "is 1024");
}

CAF_TEST(clients get what the targets leave and one connection at least) {
  const std::tuple<std::size_t, std::size_t, std::uint64_t, std::size_t>
      table[] = {{256, 1, 1024, 256},
                 {256, 300, 1024, 92},
                 {256, 245, 1024, 256},
                 {256, 246, 1024, 254},
                 {256, 330, 1024, 2},
                 {1, 330, 1024, 1},
                 {256, 1, 35, 1},
                 {256, 400, 1024, 1},
                 {256, 1, RLIM_INFINITY, 256},
                 {256, 0, 1024, 256}};
  for (const auto& [wanted, services, limit, connections] : table)
    CAF_CHECK_EQUAL(connections_within(wanted, services, limit), connections);
}

CAF_TEST(the soft limit is raised to the hard one) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{before.rlim_cur / 2, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &low);

  net::raise_descriptor_limit();

  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  setrlimit(RLIMIT_NOFILE, &before);
  CAF_CHECK_EQUAL(after.rlim_cur, before.rlim_max);
  CAF_CHECK_EQUAL(net::descriptor_limit(), before.rlim_max);
}
