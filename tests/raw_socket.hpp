#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace betanet::testing {

/// A connected socket for tests. Reads end after ten seconds without data.
class raw_socket {
public:
  explicit raw_socket(int fd) : fd_(fd) {
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  raw_socket(raw_socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}
  ~raw_socket() { close(); }

  /// The address 127.0.0.`last`.
  static sockaddr_in loopback(std::uint16_t port, std::uint32_t last = 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
    return address;
  }

  /// A socket that is bound, so that no other process gets the port, but does
  /// not listen.
  static raw_socket bound(std::uint16_t port = 0, std::uint32_t last = 1) {
    raw_socket s{::socket(AF_INET, SOCK_STREAM, 0)};
    const timeval unlimited{}; // accept waits without a limit
    setsockopt(s.fd_, SOL_SOCKET, SO_RCVTIMEO, &unlimited, sizeof unlimited);
    const auto local = loopback(port, last);
    if (::bind(s.fd_, reinterpret_cast<const sockaddr*>(&local),
               sizeof local) != 0)
      throw std::runtime_error("bind");
    return s;
  }

  /// Begins to listen. With a backlog of 0 one waiting connection fills the
  /// queue, and further connection attempts get no answer.
  void listen(int backlog) { ::listen(fd_, backlog); }

  std::uint16_t port() const {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size);
    return ntohs(local.sin_port);
  }

  int native() const { return fd_; }

  /// Connects to 127.0.0.`last`, from 127.0.0.`from` if that is not 0.
  static raw_socket connect(std::uint16_t port, int receive_buffer = 0,
                            std::uint32_t last = 1, std::uint32_t from = 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto own = loopback(0, from);
    if (from != 0 &&
        ::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
      throw std::runtime_error("bind");
    if (receive_buffer)
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                 sizeof receive_buffer);
    const auto peer = loopback(port, last);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) !=
        0)
      throw std::runtime_error("connect");
    return raw_socket{fd};
  }

  /// Sends bytes. Returns false if the peer has closed the connection.
  bool send(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto n =
          ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }

  /// Reads up to and including `end` and returns it; less if the peer closes
  /// the connection before.
  std::string read_until(const std::string& end) {
    for (;;) {
      if (const auto at = seen_.find(end); at != std::string::npos)
        return take(at + end.size());
      if (!receive())
        return take(seen_.size());
    }
  }

  std::string read_exactly(std::size_t n) {
    while (seen_.size() < n && receive())
      ;
    return take(std::min(n, seen_.size()));
  }

  /// Reads one response, whose length is that of its Content-Length. The
  /// response to HEAD has no body: `with_body` must be false.
  std::string read_response(bool with_body = true) {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos || !with_body)
      return head;
    return head + read_exactly(std::stoul(head.substr(at + 16)));
  }

  /// Reads until the peer closes the connection.
  std::string read_all() {
    while (receive())
      ;
    return take(seen_.size());
  }

  /// True if the peer closes the connection without sending anything; false if
  /// it neither sends nor closes.
  bool closed() { return read_all().empty() && !gave_up_; }

  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

  /// Closes the connection with a reset.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

private:
  std::string take(std::size_t n) {
    auto result = seen_.substr(0, n);
    seen_.erase(0, n);
    return result;
  }

  bool receive() {
    char buffer[65536];
    ssize_t n = 0;
    do
      n = ::recv(fd_, buffer, sizeof buffer, 0);
    while (n < 0 && errno == EINTR); // a signal, such as the fuzzer's timer
    gave_up_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n <= 0)
      return false;
    seen_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  bool gave_up_ = false; ///< The latest read ran into its time limit.
  std::string seen_;
};

/// A server that runs one script per connection, in the order of the list. The
/// last script serves all further connections.
class raw_server {
public:
  using script = std::function<void(raw_socket&)>;

  explicit raw_server(std::vector<script> scripts)
      : scripts_(std::move(scripts)) {
    listener_.listen(16);
    thread_ = std::thread{[this] { serve(); }};
  }

  ~raw_server() {
    ::shutdown(listener_.native(), SHUT_RDWR);
    thread_.join();
  }

  std::uint16_t port() const { return listener_.port(); }
  int connections() const { return connections_; }

private:
  void serve() {
    for (;;) {
      const int fd = ::accept(listener_.native(), nullptr, nullptr);
      if (fd < 0 && (errno == EMFILE || errno == EINTR))
        continue; // a test may have used up the descriptors for a moment
      if (fd < 0)
        return;
      const auto i = static_cast<std::size_t>(connections_++);
      raw_socket socket{fd};
      scripts_[std::min(i, scripts_.size() - 1)](socket);
    }
  }

  std::vector<script> scripts_;
  raw_socket listener_ = raw_socket::bound();
  std::atomic<int> connections_{0};
  std::thread thread_;
};

} // namespace betanet::testing
