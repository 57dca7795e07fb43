#pragma once

#include "net/http_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace betanet::net {

/// Gets the identity of a client before each request. Files are read in a
/// thread, because a dead mount may block for ever. No further reading starts
/// while one is running. Lives on the loop's thread, in a shared pointer.
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
  void read(const std::function<void(result)>& done);

private:
  std::function<result()> reading() const;

  outbound& shared_;
  const bool tls_;
  const identity identity_;
  const std::function<identity()> identify_; ///< Empty: it never changes.
  std::optional<prepared> fixed_; ///< The identity, if it never changes.
  bool is_reading_ = false;       ///< A thread is reading the files.
};

} // namespace betanet::net
