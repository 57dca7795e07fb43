#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace betanet::net {

/// Raises the soft limit of this process's descriptors to the hard limit.
/// Sockets are polled with epoll, so that high descriptors do no harm.
void raise_descriptor_limit();

/// The hard limit of this process's descriptors.
std::uint64_t descriptor_limit();

/// How many descriptors the connections to this many services and the process
/// itself need: one for each of the three endpoints of a service, a replica
/// being a service of its own; 32 for listeners, logs, files that are read and
/// name lookups.
constexpr std::uint64_t descriptors_needed(std::size_t services) {
  return std::uint64_t{3} * services + 32;
}

/// Why this many services cannot be polled under the limit; empty if they can.
std::string descriptor_problem(std::size_t services, std::uint64_t limit);

/// How many connections of clients fit under the limit, `wanted` at most and
/// one at least.
std::size_t connections_within(std::size_t wanted, std::size_t services,
                               std::uint64_t limit);

} // namespace betanet::net
