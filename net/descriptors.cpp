#include "net/descriptors.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace betanet::net {

namespace {

rlimit present_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit); // fails for invalid arguments only
  return limit;
}

} // namespace

void raise_descriptor_limit() {
  auto limit = present_limit();
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit); // a raise within the hard limit
}

std::uint64_t descriptor_limit() {
  return present_limit().rlim_max;
}

std::string descriptor_problem(std::size_t services, std::uint64_t limit) {
  const auto needed = descriptors_needed(services);
  if (limit >= needed)
    return {};
  return std::to_string(services) + " targets or replicas need " +
         std::to_string(needed) + " file descriptors, but the hard limit is " +
         std::to_string(limit) +
         ": raise it (LimitNOFILE= in systemd, --ulimit nofile= in Docker, "
         "ulimit -Hn in a shell) or configure fewer targets";
}

std::size_t connections_within(std::size_t wanted, std::size_t services,
                               std::uint64_t limit) {
  const auto needed = descriptors_needed(services);
  const auto left = limit > needed ? limit - needed : std::uint64_t{1};
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left));
}

} // namespace betanet::net
