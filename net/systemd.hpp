#pragma once

#include <chrono>
#include <string>
#include <vector>

/// Talks to systemd, where the process is one of its services.
namespace betanet::net {

/// The descriptors of the sockets systemd has opened for this process. To be
/// called once, before threads start. Throws `std::runtime_error` if there is
/// none.
std::vector<int> passed_sockets();

/// Sends a state to systemd, lines such as `READY=1` (sd_notify(3)). Does
/// nothing where systemd did not ask for it. Any thread.
void notify(const std::string& state);

/// How often systemd wants the state `WATCHDOG=1`; 0: never. Any thread.
std::chrono::nanoseconds watchdog_interval();

} // namespace betanet::net
