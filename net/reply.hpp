#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace betanet::net {

/// A response ready for the wire. Never changes, so that any number of
/// connections may share it.
class reply {
public:
  /// `fields` are whole header lines, each ending in CRLF.
  reply(int status, std::string_view content_type, std::string body,
        std::string_view fields = {});

  /// Shares the body.
  reply(int status, std::string_view content_type,
        std::shared_ptr<const std::string> body, std::string_view fields = {});

  int status() const { return status_; }
  /// The memory it takes, in bytes.
  std::size_t size() const { return head_.size() + body_->size(); }

  /// The status line and the header lines, without the empty line.
  const std::string& head() const { return head_; }
  const std::string& body() const { return *body_; }

private:
  int status_;
  std::string head_;
  std::shared_ptr<const std::string> body_; ///< Never null.
};

} // namespace betanet::net
