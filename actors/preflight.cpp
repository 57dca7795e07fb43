#include "actors/preflight.hpp"

#include "actors/guard.hpp"
#include "actors/upstream.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace betanet {

namespace {

void add(std::string& all, const std::string& problem) {
  if (!problem.empty())
    all += (all.empty() ? "" : "\n") + problem;
}

/// Why it could not be written; a missing folder would be made.
std::string log_file_problem(const std::string& file) {
  if (file.empty())
    return {};
  const auto refuse = [&](const std::string& what) {
    return "log.file: cannot write " + what + ": " + std::strerror(errno);
  };
  // A pipe would wait for somebody to read from it.
  const int fd =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0)
    ::close(fd);
  if (fd >= 0 || errno != ENOENT)
    return fd >= 0 ? std::string{} : refuse(file);
  std::error_code unknown;
  auto folder = std::filesystem::absolute(file, unknown).parent_path();
  while (::access(folder.c_str(), F_OK) != 0 && folder.has_relative_path())
    folder = folder.parent_path();
  const bool writable = ::access(folder.c_str(), W_OK | X_OK) == 0;
  if (writable && !std::filesystem::is_directory(folder, unknown))
    errno = ENOTDIR;
  else if (writable)
    return {};
  return refuse(folder.string());
}

} // namespace

std::string target_problems(const config::settings& s) {
  std::string all;
  net::tls_contexts contexts;
  std::vector<std::shared_ptr<net::tls_context>> held; // or each is made anew
  for (const auto& t : s.targets)
    try {
      held.push_back(check_identity(t, contexts));
    } catch (const std::runtime_error& e) {
      add(all, e.what());
    }
  return all;
}

std::string start_problems(const config::settings& s) {
  auto all = target_problems(s);
  if (!s.web.config_file.empty())
    add(all, look_at(s.web.config_file, {}).problem);
  add(all, log_file_problem(s.log.file));
  return all;
}

} // namespace betanet
