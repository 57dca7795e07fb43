#pragma once

#include <cstddef>
#include <string>

namespace betanet::config {

/// The largest file with a secret or with certificates, in bytes: 1 MiB, more
/// than the certificates of all public authorities need.
inline constexpr std::size_t largest_secret = 1 << 20;

/// The largest configuration file, in bytes: 16 MiB, more than ten thousand
/// targets need.
inline constexpr std::size_t largest_file = 1 << 24;

/// The content of a regular file of at most `most` bytes. May wait for the disk
/// but not for a writer. Throws a `std::runtime_error` that names the file.
std::string read_file(const std::string& path, std::size_t most);

/// Why a file, which need not exist, cannot be written; empty if it can be.
/// Creates neither the file nor missing folders of its path.
std::string write_problem(const std::string& file);

/// What is to be said about a file with a secret that every user of the machine
/// can read; empty if only some can, or if the file cannot be examined.
std::string exposure_of(const std::string& path);

} // namespace betanet::config
