#define CAF_SUITE systemd

#include "net/systemd.hpp"

#include "tests/command.hpp"
#include "tests/suite.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

using namespace betanet;
using namespace std::chrono_literals;

namespace {

/// Variables as systemd sets them, until the end of the test.
using environment = testing::command;

const std::string own_pid = std::to_string(getpid());
const std::string other_pid = std::to_string(getpid() + 1);

std::string refusal() {
  try {
    net::passed_sockets();
    return "none";
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

/// The socket of systemd, with this address, which takes states.
struct state_socket {
  explicit state_socket(const std::string& path)
      : fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    if (path[0] == '@')
      address.sun_path[0] = '\0';
    const auto size = offsetof(sockaddr_un, sun_path) + path.size() +
                      (path[0] == '@' ? 0 : 1);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(size)) != 0)
      CAF_FAIL("the address cannot be bound");
  }
  ~state_socket() { close(fd); }

  /// The next state, or "none".
  std::string received() const {
    std::array<char, 100> bytes;
    const auto size = recv(fd, bytes.data(), bytes.size(), 0);
    return size < 0 ? "none"
                    : std::string(bytes.data(), static_cast<std::size_t>(size));
  }

  int fd;
};

} // namespace

CAF_TEST(the watchdog has the interval that systemd gives this process) {
  environment e;

  CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{0});
  e.env("WATCHDOG_USEC", "30000000");
  CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{30s});
  e.env("WATCHDOG_PID", own_pid);
  CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{30s});
  e.env("WATCHDOG_PID", other_pid);
  CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{0});
}

CAF_TEST(an interval that is not a sound number is none) {
  environment e;

  for (const auto* bad : {"", "0", "-1", "1s", "x", " 1", "3155760000000000",
                          "99999999999999999999"}) {
    e.env("WATCHDOG_USEC", bad);
    CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{0});
  }
  e.env("WATCHDOG_USEC", "1");
  CHECK_EQUAL(net::watchdog_interval(), std::chrono::nanoseconds{1us});
  e.env("WATCHDOG_USEC", "3155759999999999"); // below 100 years
  CHECK_EQUAL(net::watchdog_interval(),
              std::chrono::nanoseconds{3155759999999999us});
}

CAF_TEST(a state is sent to the socket that systemd names) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("betanet-" + own_pid + ".socket");
  for (const auto& address : {"@betanet-" + own_pid, path.string()}) {
    environment e;
    const state_socket systemd{address};
    e.env("NOTIFY_SOCKET", address);

    net::notify("READY=1");

    CAF_CHECK_EQUAL(systemd.received(), "READY=1");
    CAF_CHECK_EQUAL(systemd.received(), "none");
  }
  std::filesystem::remove(path);
}

CAF_TEST(no state is sent without an address of systemd) {
  environment e;
  const state_socket other{"@betanet-" + own_pid};

  net::notify("READY=1");
  for (const auto& bad : {std::string{}, std::string{"@"}, "betanet-" + own_pid,
                          "@" + std::string(200, 'x')}) {
    e.env("NOTIFY_SOCKET", bad);
    net::notify("READY=1");
  }

  CAF_CHECK_EQUAL(other.received(), "none");
}

CAF_TEST(the address of systemd is shorter than that of any socket) {
  const auto received = [](std::size_t size) {
    const auto address =
        "@" + own_pid + std::string(size - own_pid.size() - 1, 'x');
    environment e;
    const state_socket systemd{address};
    e.env("NOTIFY_SOCKET", address);
    net::notify("READY=1");
    return systemd.received();
  };
  constexpr auto room = sizeof sockaddr_un{}.sun_path;

  CAF_CHECK_EQUAL(received(room - 1), "READY=1");
  CAF_CHECK_EQUAL(received(room), "none"); // the final NUL has no place
}

CAF_TEST(sockets are taken only if systemd has passed them to this process) {
  environment e;
  const auto* none = "no socket activation file descriptors found";

  CAF_CHECK_EQUAL(refusal(), none);
  e.env("LISTEN_FDS", "1");
  CAF_CHECK_EQUAL(refusal(), none);
  e.env("LISTEN_PID", other_pid);
  CAF_CHECK_EQUAL(refusal(), none);
  e.env("LISTEN_PID", own_pid);
  for (const auto* bad : {"0", "-1", "x", "1x", "99999999999"}) {
    e.env("LISTEN_FDS", bad);
    CAF_CHECK_EQUAL(refusal(), none);
  }
}

/// Something at this descriptor until the end of the test.
struct occupied {
  explicit occupied(int fd) : at(fd), was_free(fcntl(fd, F_GETFD) < 0) {
    if (was_free)
      dup2(STDERR_FILENO, at);
  }
  ~occupied() {
    if (was_free)
      close(at);
  }

  const int at;
  const bool was_free;
};

CAF_TEST(sockets of systemd are those from 3 on and are not inherited) {
  environment e;
  e.env("LISTEN_FDS", "2").env("LISTEN_PID", own_pid);
  const occupied three{3}, four{4};

  const auto sockets = net::passed_sockets();

  CHECK_EQUAL(sockets, (std::vector{3, 4}));
  for (const int fd : sockets)
    CAF_CHECK_EQUAL(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

CAF_TEST(a socket that systemd announces must be open) {
  environment e;
  const occupied three{3};
  int free = 4;
  while (fcntl(free, F_GETFD) >= 0)
    ++free;
  e.env("LISTEN_FDS", std::to_string(free - 2)).env("LISTEN_PID", own_pid);

  CAF_CHECK_EQUAL(refusal(), "sockets of systemd: Bad file descriptor");
}
