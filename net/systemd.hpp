#pragma once

#include <chrono>
#include <string>
#include <vector>

/// The service manager, where there is one. Any thread but for the first.
namespace betanet::net {

/// The sockets it opened for us, as descriptors. Once, before threads start.
/// Throws `std::runtime_error` if there is none.
std::vector<int> passed_sockets();

/// Tells it what it should know, lines such as `READY=1`; nothing if nobody
/// asked to be told.
void notify(const std::string& state);

/// How often it wants to hear `WATCHDOG=1`; 0: never.
std::chrono::nanoseconds watchdog_interval();

} // namespace betanet::net
