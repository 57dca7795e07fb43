#include "net/systemd.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace betanet::net {

namespace {

/// The number in a variable of the environment; empty if there is none.
std::optional<std::int64_t> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (!text)
    return std::nullopt;
  const std::string_view digits{text};
  std::int64_t n = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return n;
}

/// The address of a Unix socket by its path; one that begins with '@' is in the
/// abstract namespace (unix(7)). Empty if it is no such path.
struct unix_address {
  sockaddr_un address{};
  socklen_t size = 0;
};

std::optional<unix_address> parse_address(std::string_view path) {
  unix_address a;
  if (path.size() < 2 || path.size() >= sizeof a.address.sun_path ||
      (path[0] != '/' && path[0] != '@'))
    return std::nullopt;
  a.address.sun_family = AF_UNIX;
  std::memcpy(a.address.sun_path, path.data(), path.size());
  const bool is_abstract = path[0] == '@';
  if (is_abstract)
    a.address.sun_path[0] = '\0';
  a.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                  path.size() + !is_abstract);
  return a;
}

} // namespace

// The protocols are stable and documented for programs that do not use
// libsystemd, which with the libraries it needs takes 1 MiB of memory:
// sd_listen_fds(3) and sd_notify(3), "Notes"; sd_watchdog_enabled(3),
// "Environment".

std::vector<int> passed_sockets() {
  constexpr int first_descriptor = 3;
  const auto count = number_in("LISTEN_FDS").value_or(0);
  if (number_in("LISTEN_PID") != ::getpid() || count < 1 ||
      count > ::sysconf(_SC_OPEN_MAX))
    throw std::runtime_error("no socket activation file descriptors found");
  std::vector<int> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(first_descriptor + i);
    if (::fcntl(all.back(), F_SETFD, FD_CLOEXEC) != 0)
      throw std::runtime_error(std::string{"sockets of systemd: "} +
                               std::strerror(errno));
  }
  return all;
}

void notify(const std::string& state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  const auto to = path ? parse_address(path) : std::nullopt;
  if (!to)
    return;
  const int s = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0)
    return;
  ::sendto(s, state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&to->address), to->size);
  ::close(s);
}

std::chrono::nanoseconds watchdog_interval() {
  using std::chrono::microseconds;
  const auto process = number_in("WATCHDOG_PID");
  if (process && *process != ::getpid())
    return {};
  // 100 years: no multiple of it overflows.
  constexpr std::int64_t longest = 3'155'760'000'000'000;
  const auto interval = number_in("WATCHDOG_USEC").value_or(0);
  return microseconds{interval > 0 && interval < longest ? interval : 0};
}

} // namespace betanet::net
