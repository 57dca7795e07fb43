#pragma once

#include "config/config.hpp"

#include <array>
#include <functional>
#include <optional>

namespace betanet::config {

/// One scalar or list of the configuration: a single description drives the
/// file reader, the flags, the environment and the documentation.
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

/// Of a target, those that stand in no table.
const std::vector<documented>& target_keys();

inline constexpr std::array endpoint_names{"metrics", "nodes_status",
                                           "network_stats"};

/// The flag that sets a key, without dashes; empty if there is none.
std::string flag_of(const std::string& key_name);

/// Specified but not built yet, or Prometheus's but not ours: refused by name.
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
