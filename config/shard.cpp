#include "config/shard.hpp"

#include "config/key_kinds_impl.hpp"

#include <memory>
#include <openssl/evp.h>

namespace betanet::config {

namespace {

/// MD5 is no secret here: "-fips" permits it where only approved algorithms
/// are allowed.
const EVP_MD* md5() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{
      EVP_MD_fetch(nullptr, "MD5", "-fips"), EVP_MD_free};
  if (!algorithm)
    throw std::runtime_error("OpenSSL offers no MD5, which --shard.count "
                             "needs");
  return algorithm.get();
}

} // namespace

std::uint64_t owner(const std::string& key, std::uint64_t count) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!EVP_Digest(key.data(), key.size(), digest.data(), &size, md5(), nullptr))
    throw std::runtime_error("OpenSSL cannot compute an MD5");
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i < 16; ++i)
    hash = hash << 8 | digest[i];
  return hash % count;
}

std::uint64_t parse_shard_count(const std::string& text) {
  return parse_int<std::uint64_t>(text, 1, 10'000);
}

std::uint64_t parse_shard_index(const std::string& text, std::uint64_t count) {
  const auto digits = text.find_last_not_of("0123456789") + 1; // npos + 1 = 0
  if (digits == text.size() || (digits > 0 && text[digits - 1] != '-'))
    throw std::invalid_argument(quote(text) +
                                " is not a number or the name of a pod that "
                                "ends in one, such as betanet-exporter-0");
  return parse_int<std::uint64_t>(text.substr(digits), 0, count - 1);
}

} // namespace betanet::config
