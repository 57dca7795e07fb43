#pragma once

#include <cstddef>
#include <string>

namespace betanet::config {

/// More than any bundle of certificates, and than ten thousand targets.
inline constexpr std::size_t largest_secret = 1 << 20;
inline constexpr std::size_t largest_file = 1 << 26;

/// The whole of a regular file of at most so many bytes. Never waits for a
/// writer, but for the disk. Throws `std::runtime_error` that names the file.
std::string read_file(const std::string& path, std::size_t most);

} // namespace betanet::config
