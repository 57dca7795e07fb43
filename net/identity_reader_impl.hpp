#pragma once

#include "net/http_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace betanet::net {

/// Gets what a client introduces itself with, before each request. Files are
/// read in a thread, because a dead mount may block for ever; while one
/// reading hangs no other is begun. Lives on the loop's thread, in a shared
/// pointer.
class identity_reader : public std::enable_shared_from_this<identity_reader> {
public:
  /// An identity in the form a connection needs.
  struct prepared {
    std::string fields;                   ///< Header lines.
    std::shared_ptr<tls_context> context; ///< Null: not encrypted.
  };
  using result = std::variant<prepared, error>;

  identity_reader(outbound& shared, const resource& r);

  /// Calls `done` once, before it returns or later, unless destroyed before.
  void read(std::function<void(result)> done);

private:
  std::function<result()> reading() const;

  outbound& shared_;
  const bool tls_;
  const identity identity_;
  const std::function<identity()> identify_; ///< Empty: it never changes.
  std::optional<prepared> fixed_; ///< The one that never changes, once known.
  bool is_reading_ = false;       ///< In a thread.
};

} // namespace betanet::net
