#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace betanet::net {

/// A response ready for the wire. Never changes, so that any number of
/// connections may share it.
class reply {
public:
  /// `fields` are whole header lines, each ending in CRLF.
  reply(int status, std::string_view content_type, std::string_view body,
        std::string_view fields = {});

  int status() const { return status_; }
  /// The memory it takes, in bytes.
  std::size_t size() const { return wire_.size(); }

  /// The status line and the header lines, without the empty line.
  std::string_view head() const { return part(0, head_size_); }
  /// The empty line.
  std::string_view blank() const { return part(head_size_, head_size_ + 2); }
  std::string_view body() const { return part(head_size_ + 2, wire_.size()); }

private:
  std::string_view part(std::size_t from, std::size_t to) const {
    return std::string_view{wire_}.substr(from, to - from);
  }

  int status_;
  std::string wire_; ///< Head, empty line and body.
  std::size_t head_size_;
};

} // namespace betanet::net
