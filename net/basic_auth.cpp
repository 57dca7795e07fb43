#include "net/basic_auth.hpp"

#include <algorithm>
#include <array>
#include <crypt.h>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace betanet::net {

namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// RFC 4648, 4. Empty if the text is not valid.
std::optional<std::string> decode_base64(std::string_view text) {
  const auto data = text.substr(0, text.find_last_not_of('=') + 1);
  const auto padding = text.size() - data.size();
  if (text.empty() || text.size() % 4 != 0 || padding > 2)
    return {};
  std::string out(text.size() / 4 * 3, '\0');
  // EVP_DecodeBlock would skip blanks at both ends.
  const bool blank = text.find_first_of(" \t\r\n") != text.npos;
  if (blank || EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               bytes(text), static_cast<int>(text.size())) < 0)
    return {};
  out.resize(out.size() - padding);
  return out;
}

} // namespace

std::optional<login> parse_basic_auth(std::string_view header) {
  constexpr std::string_view scheme = "basic ";
  const auto same = [](char wanted, char found) {
    return wanted == (wanted == ' ' ? found : found | 0x20);
  };
  if (header.size() < scheme.size() ||
      !std::equal(scheme.begin(), scheme.end(), header.begin(), same))
    return {};
  header.remove_prefix(
      std::min(header.find_first_not_of(' ', scheme.size()), header.size()));
  const auto text = decode_base64(header);
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || text->find('\0') != std::string::npos)
    return {};
  return login{text->substr(0, colon), text->substr(colon + 1)};
}

bool matches(const std::string& password, const std::string& hash) {
  const auto work = std::make_unique<crypt_data>(); // 32 KiB: not for the stack
  const char* const made =
      ::crypt_r(password.c_str(), hash.c_str(), work.get());
  const std::string_view result = made ? made : "";
  const bool same = result.size() == hash.size() &&
                    CRYPTO_memcmp(result.data(), hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(work.get(), sizeof *work);
  return same;
}

int cost_of(const std::string& bcrypt_hash) {
  return std::stoi(bcrypt_hash.substr(4)); // $2y$12$...
}

std::string decoy_hash(int cost) {
  return (cost < 10 ? "$2b$0" : "$2b$") + std::to_string(cost) + "$" +
         std::string(22, '.') + std::string(31, '.');
}

std::string digest_of(const login& l, const std::string& hash) {
  static const auto key = [] {
    std::array<unsigned char, 32> k;
    if (RAND_bytes(k.data(), k.size()) != 1)
      throw std::runtime_error("OpenSSL has no random bytes");
    return k;
  }();
  // With the lengths, so that "ab" + "c" differs from "a" + "bc".
  const auto text = std::to_string(l.user.size()) + ":" + l.user +
                    std::to_string(hash.size()) + ":" + hash + l.password;
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text),
       text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  return digest;
}

} // namespace betanet::net
