#pragma once

#include <cstdint>
#include <string>

namespace betanet::config {

/// The part of all targets that this process polls. Each of `count` processes
/// gets the same targets and keeps those that it owns.
struct shard {
  std::uint64_t count = 1;
  std::uint64_t index = 0; ///< Below `count`.

  bool operator==(const shard&) const = default;
};

/// The index of the shard that owns a target, by the canonical URL of the
/// target: the last 8 bytes of its MD5, big-endian, modulo `count`. Prometheus
/// computes `hashmod` in this way (model/relabel/relabel.go). Throws
/// `std::runtime_error` if OpenSSL has no MD5.
std::uint64_t owner(const std::string& key, std::uint64_t count);

/// Parses the number of shards, 1 to 10000. Throws `std::invalid_argument`.
std::uint64_t parse_shard_count(const std::string& text);

/// Parses an index: a number, or the name of a pod of a StatefulSet, which ends
/// in `-` and a number. It must be below `count`. Throws
/// `std::invalid_argument`.
std::uint64_t parse_shard_index(const std::string& text, std::uint64_t count);

} // namespace betanet::config
