#pragma once

#include "config/config.hpp"

#include <functional>
#include <optional>

namespace betanet::config {

/// One scalar or list of the configuration. The file reader, the flags, the
/// environment and the documentation read this description.
template <class T>
struct key {
  std::string name; ///< `section.key`.
  std::string help;
  bool list = false;
  /// Takes one item at a time; a list is cleared first. Throws
  /// `std::invalid_argument` with the reason.
  std::function<void(T&, const std::string&)> add;
  std::function<void(T&)> clear;
  std::function<std::string(const T&)> print;
};

const std::vector<key<polling>>& polling_keys();
const std::vector<key<settings>>& process_keys();

/// Of a target's `http_client_config`, without that prefix; its free-form
/// `http_headers` are not among them.
const std::vector<key<http_client>>& http_client_keys();

/// The keys of a target that are in none of the tables above.
const std::vector<documented>& target_keys();

/// The flag that sets a key, without dashes; empty if there is none.
std::string flag_of(const std::string& key_name);

/// Keys and flags that users may expect, from Prometheus or from the plans for
/// this program, but that do not exist: refused by name.
const std::vector<std::string>& unsupported_keys();
const std::vector<std::string>& unsupported_flags();

/// The candidate most like `name`, if one is near.
std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates);

/// A name as HTTP has it, RFC 9110, section 5.6.2.
std::string parse_token(const std::string& text);
/// An absolute path without query or fragment.
std::string parse_path(const std::string& text);
duration parse_duration(const std::string& text);

} // namespace betanet::config
