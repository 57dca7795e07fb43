#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace betanet::net {

/// What a client says who it is.
struct login {
  std::string user, password;
};

/// The content of an `Authorization` header of HTTP basic auth, RFC 7617;
/// empty if it is none, or holds a NUL, at which bcrypt would stop reading.
std::optional<login> parse_basic_auth(std::string_view header);

/// Whether it is the password of this bcrypt hash. Takes 2^cost steps, the
/// same for a right and a wrong one: 0.2 s at cost 12. Any thread.
bool matches(const std::string& password, const std::string& hash);

/// log2 of the steps of a bcrypt hash.
int cost_of(const std::string& bcrypt_hash);

/// A hash of that cost that no password has.
std::string decoy_hash(int cost);

/// Tells logins apart without keeping passwords: a keyed digest, with a key of
/// this process, in which no two different logins look the same.
std::string digest_of(const login& l, const std::string& hash);

} // namespace betanet::net
