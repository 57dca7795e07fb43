#pragma once

#include "net/loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace betanet::net {

/// Turns host names into addresses. A name server that does not answer blocks
/// neither the loop nor its shutdown nor the lookup of another name, as Asio's
/// resolver would.
class resolver {
public:
  struct answer; ///< For net/ only.
  using callback = std::function<void(const answer&)>;

  explicit resolver(loop& l);
  ~resolver();

  /// Called on the loop's thread, and so is `done`. Names are looked up in at
  /// most 8 threads, each name once at a time however many ask. A lookup that
  /// never ends never answers: the caller has a deadline. `who` identifies the
  /// caller: its new question about a host replaces the former one. An address
  /// in place of a name, and the names of the loopback addresses, are answered
  /// at once.
  void resolve(const void* who, const std::string& host, callback done);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
