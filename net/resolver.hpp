#pragma once

#include "net/loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace betanet::net {

/// Turns host names into addresses without ever blocking the loop, its
/// shutdown, or one name behind another: Asio's resolver does all three when a
/// name server is mute.
class resolver {
public:
  struct answer; ///< For net/ only.
  using callback = std::function<void(const answer&)>;

  explicit resolver(loop& l);
  ~resolver();

  /// Loop's thread only, and so is `done`. Names are looked up in at most 8
  /// threads, each name once at a time however many ask. A lookup that never
  /// ends never answers: the caller has a deadline.
  /// `who` asks: its new question takes the place of a former one.
  void resolve(const void* who, const std::string& host, callback done);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace betanet::net
