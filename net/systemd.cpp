#include "net/systemd.hpp"

#include <cstdint>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <systemd/sd-daemon.h>

namespace betanet::net {

std::vector<int> passed_sockets() {
  const int n = sd_listen_fds(1);
  if (n < 0)
    throw std::runtime_error(std::string{"sockets of systemd: "} +
                             std::strerror(-n));
  if (n == 0)
    throw std::runtime_error("no socket activation file descriptors found");
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), SD_LISTEN_FDS_START);
  return all;
}

void notify(const std::string& state) {
  sd_notify(0, state.c_str());
}

std::chrono::nanoseconds watchdog_interval() {
  std::uint64_t microseconds = 0;
  return sd_watchdog_enabled(0, &microseconds) > 0
             ? std::chrono::microseconds{microseconds}
             : std::chrono::nanoseconds{0};
}

} // namespace betanet::net
