#include "preflight.hpp"

#include "actors/upstream.hpp"
#include "actors/web_reading.hpp"

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

/// Why the log file cannot be written; empty if it can. The check creates
/// neither the file nor missing folders; the start of the exporter does.
std::string log_file_problem(const std::string& file) {
  namespace fs = std::filesystem;
  if (file.empty())
    return {};
  const auto refuse = [](const fs::path& what, int error) {
    return "log.file: cannot write " + what.string() + ": " +
           std::strerror(error);
  };
  // O_NONBLOCK: otherwise opening a named pipe would wait for a reader.
  const int fd =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  const int error = errno;
  if (fd >= 0)
    ::close(fd);
  if (fd >= 0 || error != ENOENT)
    return fd >= 0 ? std::string{} : refuse(file, error);
  if (file.ends_with('/'))
    return refuse(file, EISDIR);
  std::error_code unknown; // ignored: a link may point to a missing file
  auto folder = fs::weakly_canonical(file, unknown).parent_path();
  while (!fs::exists(folder, unknown) && folder.has_relative_path())
    folder = folder.parent_path();
  const int probe = ::open(folder.c_str(), O_TMPFILE | O_WRONLY, 0600);
  const int why = errno;
  if (probe >= 0)
    ::close(probe);
  return probe >= 0 || why == EOPNOTSUPP ? std::string{} : refuse(folder, why);
}

} // namespace

std::string target_problems(const config::settings& s) {
  std::string all;
  net::tls_contexts contexts;
  std::vector<std::shared_ptr<net::tls_context>>
      held; // so that targets with equal settings share a context
  for (const auto& t : s.targets)
    try {
      held.push_back(check_identity(t, contexts));
    } catch (const std::runtime_error& e) {
      add(all, e.what());
    }
  return all;
}

start_check check_start(const config::settings& s) {
  start_check found{target_problems(s), {}};
  if (!s.web.config_file.empty()) {
    auto reading = read_web(s.web.config_file, {});
    add(found.problems, reading.problem);
    found.warnings = std::move(reading.found.warnings);
  }
  add(found.problems, log_file_problem(s.log.file));
  return found;
}

} // namespace betanet
