#pragma once

#include <string>

/// What messages show of a value that a user has written. A value in the wrong
/// place may be a secret.
namespace betanet::config {

/// Whether the text may be a password, a hash, a key, a token or a URL with
/// credentials.
bool looks_secret(const std::string& text);

/// The text in quotation marks, cut to 40 printable characters; `the value` if
/// it looks like a secret.
std::string quote(const std::string& text);

/// The same without quotation marks for the name of a key or a flag; `...` if
/// it looks like a secret.
std::string name_for_message(const std::string& text);

/// The name of a file, which may be longer than other values. It is hidden if
/// it is the text of a key or a hash.
std::string path_for_message(const std::string& path);

} // namespace betanet::config
