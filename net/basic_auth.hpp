#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace betanet::net {

/// The name and password a client gives.
struct login {
  std::string user, password;
};

/// Reads an `Authorization` header of HTTP basic auth (RFC 7617). Empty if it
/// is anything else, or holds a NUL, at which bcrypt would stop reading.
std::optional<login> parse_basic_auth(std::string_view header);

/// Whether this is the password of the bcrypt hash. Takes 2^cost steps whether
/// it is right or wrong: 0.2 s at cost 12. Any thread.
bool matches(const std::string& password, const std::string& hash);

/// The cost of a bcrypt hash, such as 12: log2 of the steps.
int cost_of(const std::string& bcrypt_hash);

/// A bcrypt hash of this cost that no password has.
std::string decoy_hash(int cost);

/// A digest of a login and the hash it was checked against, so that logins can
/// be remembered without their passwords: HMAC-SHA-256 (RFC 2104) with a random
/// key of this process. 32 bytes.
std::string digest_of(const login& l, const std::string& hash);

} // namespace betanet::net
