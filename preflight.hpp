#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace betanet {

/// The result of `check_start`.
struct start_check {
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

/// Checks everything that the start of the exporter needs: the number of the
/// targets, their certificates and secrets, the web configuration and the log
/// file. Reads the files that the configuration names. Does not write files and
/// does not use the network.
start_check check_start(const config::settings& s);

/// Keeps other processes from reading the memory of this one, and the kernel
/// from dumping it, if the configuration has secrets. To be called before they
/// are used.
void hide_memory_with_secrets(const config::settings& s);

/// The files with secrets of the targets that every user of the machine can
/// read, each as a warning. Those of the web configuration are among the
/// warnings of its reading.
std::vector<std::string> exposed_secrets(const config::settings& s);

} // namespace betanet
