#include "net/resolver.hpp"

#include "net/loop_impl.hpp"
#include "net/resolver_impl.hpp"

#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <netdb.h>
#include <thread>

namespace betanet::net {

namespace {

constexpr std::size_t max_threads = 8;

resolver::answer look_up(const std::string& host) {
  resolver::answer result;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list)) {
    const bool system = code == EAI_SYSTEM;
    const int cause = errno;
    result.error = system ? std::strerror(cause) : gai_strerror(code);
    result.local =
        code == EAI_MEMORY ||
        (system && (cause == EMFILE || cause == ENFILE || cause == ENOMEM));
    return result;
  }
  for (const auto* a = list; a; a = a->ai_next) {
    if (a->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(a->ai_addr);
      result.addresses.push_back(
          boost::asio::ip::address_v4{ntohl(in->sin_addr.s_addr)});
    } else if (a->ai_family == AF_INET6) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(a->ai_addr);
      boost::asio::ip::address_v6::bytes_type bytes;
      std::copy_n(in->sin6_addr.s6_addr, bytes.size(), bytes.begin());
      result.addresses.push_back(
          boost::asio::ip::address_v6{bytes, in->sin6_scope_id});
    }
  }
  freeaddrinfo(list);
  return result;
}

} // namespace

/// Shared with the lookup threads, which may outlive everything else.
struct resolver::state : std::enable_shared_from_this<state> {
  std::mutex alive_mutex; ///< Guards `io` against a late thread.
  boost::asio::io_context* io;

  // Loop's thread only.
  std::map<std::string, std::vector<callback>> waiting;
  std::deque<std::string> queued;
  std::size_t running = 0;

  void start(const std::string& host) {
    if (running == max_threads) {
      queued.push_back(host);
      return;
    }
    ++running;
    try {
      std::thread{[self = shared_from_this(), host] {
        auto result = look_up(host);
        const std::lock_guard lock{self->alive_mutex};
        if (self->io)
          boost::asio::post(*self->io, [self, host, r = std::move(result)] {
            self->finish(host, r);
          });
      }}.detach();
    } catch (const std::system_error& e) {
      boost::asio::post(
          *io, [self = shared_from_this(), host,
                r = answer{{}, e.what(), true}] { self->finish(host, r); });
    }
  }

  void finish(const std::string& host, const answer& result) {
    --running;
    if (!queued.empty()) {
      const auto next = std::move(queued.front());
      queued.pop_front();
      start(next);
    }
    const auto callbacks = std::move(waiting[host]);
    waiting.erase(host);
    for (const auto& done : callbacks)
      done(result);
  }
};

resolver::resolver(loop& l) : state_(std::make_shared<state>()) {
  state_->io = &l.internals().io;
}

resolver::~resolver() {
  const std::lock_guard lock{state_->alive_mutex};
  state_->io = nullptr;
}

void resolver::resolve(const std::string& host, callback done) {
  boost::system::error_code ec;
  if (const auto literal = boost::asio::ip::make_address(host, ec); !ec)
    return done({{literal}, {}, false});
  auto& callbacks = state_->waiting[host];
  callbacks.push_back(std::move(done));
  if (callbacks.size() == 1)
    state_->start(host);
}

} // namespace betanet::net
