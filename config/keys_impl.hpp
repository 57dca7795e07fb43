#pragma once

#include "config/config.hpp"

#include <functional>
#include <optional>

namespace betanet::config {

/// One scalar or list of the configuration. The reader of the file, the flags,
/// the environment variables and the documentation use this description.
template <class T>
struct key {
  std::string name; ///< The name of the key as `section.key`.
  std::string help;
  bool list = false;
  /// Sets a scalar or adds one item to a list, which must first be emptied with
  /// `clear`. Throws `std::invalid_argument` with the reason.
  std::function<void(T&, const std::string&)> add;
  std::function<void(T&)> clear;
  std::function<std::string(const T&)> print;
  std::string type = "TEXT"; ///< The kind of the value in help texts.
};

const std::vector<key<polling>>& polling_keys();
const std::vector<key<settings>>& process_keys();

/// The keys of a target's `http_client_config`, without this prefix and without
/// `http_headers`, whose keys are arbitrary names.
const std::vector<key<http_client>>& http_client_keys();

/// The keys of a target that the other tables do not contain.
const std::vector<documented>& target_keys();

/// The keys of discovery.
std::vector<documented> discovery_keys();

/// The flag that sets a key, without dashes; empty if there is none.
std::string flag_of(const std::string& key_name);

/// Keys and flags that do not exist although users may expect them, because
/// Prometheus has them. Messages call them "not supported" instead of unknown.
const std::vector<std::string>& unsupported_keys();
const std::vector<std::string>& unsupported_flags();

/// The candidate that is most similar to `name`; empty if none is similar.
std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates);

/// The same, but at most `most` letters may differ.
std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates,
                                   std::size_t most);

/// Checks that the text is a token of HTTP (RFC 9110, section 5.6.2) and
/// returns it. Throws `std::invalid_argument`.
std::string parse_token(const std::string& text);

/// Checks that the text is an absolute path without query and fragment and
/// returns it. Throws `std::invalid_argument`.
std::string parse_path(const std::string& text);

/// Parses a duration such as `1m30s`, as Prometheus does. Throws
/// `std::invalid_argument`.
duration parse_duration(const std::string& text);

} // namespace betanet::config
