#include "metrics/process.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace betanet::metrics {

namespace {

/// The soft limit of a resource; "unlimited" is 2^64-1, as in Prometheus's
/// client libraries. Negative if the limit cannot be read.
double limit_of(decltype(RLIMIT_AS) resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0)
    return -1;
  if (limit.rlim_cur == RLIM_INFINITY)
    return static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  return static_cast<double>(limit.rlim_cur);
}

/// Negative if unknown. Linux 6.2 and later tell the number as the size of the
/// folder; looking at each descriptor takes 10 ms for 15 000.
double count_open_fds() {
  constexpr const char* folder = "/proc/self/fd";
  struct stat of {};
  if (stat(folder, &of) == 0 && of.st_size > 0)
    return static_cast<double>(of.st_size);
  std::error_code ec;
  double count = -1; // does not count the iterator's own descriptor
  for (std::filesystem::directory_iterator i{folder, ec}, end; !ec && i != end;
       i.increment(ec))
    ++count;
  return count;
}

/// Unix time in seconds at which the system booted, from /proc/stat; negative
/// if it cannot be read.
double boot_time() {
  std::ifstream in{"/proc/stat"};
  for (std::string word; in >> word;)
    if (double seconds = 0; word == "btime" && in >> seconds)
      return seconds;
  return -1;
}

} // namespace

process_stats read_process_stats() {
  process_stats stats;
  stats.open_fds = count_open_fds();
  stats.max_fds = limit_of(RLIMIT_NOFILE);
  stats.virtual_memory_max_bytes = limit_of(RLIMIT_AS);
  std::ifstream in{"/proc/self/stat"};
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')'); // the name may contain spaces
  if (name_end == std::string::npos)
    return stats;
  std::istringstream rest{line.substr(name_end + 1)};
  std::vector<std::string> columns(2); // proc(5) counts the pid and the name
  for (std::string column; rest >> column;)
    columns.push_back(std::move(column));
  if (columns.size() < 24)
    return stats;
  const auto number = [&](std::size_t proc_column) {
    return std::stod(columns[proc_column - 1]);
  };
  static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  static const double boot = boot_time();
  stats.cpu_seconds = (number(14) + number(15)) / ticks;
  stats.threads = number(20);
  if (boot >= 0)
    stats.start_time_seconds = boot + number(22) / ticks;
  stats.virtual_memory_bytes = number(23);
  stats.resident_memory_bytes = number(24) * page;
  return stats;
}

} // namespace betanet::metrics
