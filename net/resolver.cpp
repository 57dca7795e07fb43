#include "net/resolver.hpp"

#include "net/background.hpp"
#include "net/loop_impl.hpp"
#include "net/resolver_impl.hpp"

#include <boost/asio/post.hpp>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>
#include <netdb.h>

namespace betanet::net {

namespace {

/// Enough for a fleet's first lookups, few enough for a mute name server.
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

std::vector<boost::asio::ip::address> loopback_addresses(std::string host) {
  if (host.ends_with('.'))
    host.pop_back();
  for (char& c : host)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (host != "localhost" && !host.ends_with(".localhost"))
    return {};
  return {boost::asio::ip::address_v6::loopback(),
          boost::asio::ip::address_v4::loopback()};
}

/// Lives on the loop's thread. Each question waits under its host and asker.
struct resolver::state : std::enable_shared_from_this<state> {
  explicit state(loop& l) : io(l.internals().io), threads(l, max_threads) {}

  boost::asio::io_context& io;
  background threads;
  std::map<std::string, std::map<const void*, callback>> waiting;

  void start(const std::string& host) {
    const auto finish = [weak = weak_from_this(), host](const answer& a) {
      if (const auto self = weak.lock())
        self->finish(host, a);
    };
    if (!threads.ask([host] { return look_up(host); }, finish))
      boost::asio::post(io, [finish] {
        finish({{}, "no thread for a name lookup", true});
      });
  }

  void finish(const std::string& host, const answer& a) {
    const auto callbacks = std::move(waiting[host]);
    waiting.erase(host);
    for (const auto& [_, done] : callbacks)
      done(a);
  }
};

resolver::resolver(loop& l) : state_(std::make_shared<state>(l)) {}

resolver::~resolver() = default;

void resolver::resolve(const void* who, const std::string& host,
                       callback done) {
  boost::system::error_code ec;
  if (const auto literal = boost::asio::ip::make_address(host, ec); !ec)
    return done({{literal}, {}, false});
  if (auto loopback = loopback_addresses(host); !loopback.empty())
    return done({std::move(loopback), {}, false});
  auto& callbacks = state_->waiting[host];
  const bool running = !callbacks.empty();
  callbacks[who] = std::move(done);
  if (!running)
    state_->start(host);
}

} // namespace betanet::net
