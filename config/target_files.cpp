#include "config/target_files.hpp"

#include "config/config.hpp"
#include "config/file.hpp"
#include "config/quote_impl.hpp"

#include <cerrno>
#include <cstring>
#include <glob.h>
#include <optional>
#include <sys/stat.h>

namespace betanet::config {

namespace {

/// The error of the latest folder that glob(3) could not read, on this thread.
thread_local int folder_error = 0;

std::vector<std::string> find_files(const std::string& pattern,
                                    std::string& problem) {
  folder_error = 0;
  glob_t found{};
  const int result = ::glob(
      pattern.c_str(), GLOB_PERIOD,
      [](const char*, int error) {
        folder_error =
            error == ENOENT || error == ENOTDIR ? folder_error : error;
        return 0;
      },
      &found);
  std::vector<std::string> paths(found.gl_pathv,
                                 found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result == GLOB_NOSPACE)
    folder_error = ENOMEM;
  problem = folder_error == 0
                ? std::string{}
                : path_for_message(pattern) + ": cannot read the folder: " +
                      std::strerror(folder_error);
  return paths;
}

std::optional<file_stamp> stamp_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return std::nullopt;
  const auto nanoseconds = [](const timespec& t) {
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
  };
  return file_stamp{about.st_dev, about.st_ino, about.st_size,
                    nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)};
}

void read(const std::string& path, target_file& file) {
  file.read = true;
  try {
    file.groups = std::make_shared<const target_groups>(read_target_file(path));
    file.problem.clear();
  } catch (const invalid& e) {
    file.problem = e.what();
  }
}

} // namespace

target_groups read_target_file(const std::string& path) {
  std::string text;
  try {
    text = read_file(path, largest_file);
  } catch (const std::runtime_error& e) {
    throw invalid({e.what()});
  }
  return path.ends_with(".json") || path.ends_with(".JSON")
             ? parse_json_groups(text, path)
             : parse_yaml_groups(text, path);
}

target_folder look_for_targets(const std::string& pattern, target_folder before,
                               bool all) {
  target_folder now;
  now.looked = true;
  const auto found = find_files(pattern, now.problem);
  for (const auto& path : found) {
    const auto stamp = stamp_of(path);
    if (!stamp)
      continue; // removed in this moment
    auto file = std::move(before.files[path]);
    before.files.erase(path);
    const bool settled = file.seen == *stamp || !before.looked;
    file.read = file.read && settled;
    file.gone = false;
    file.seen = *stamp;
    if (settled && (!file.read || all)) {
      read(path, file);
      now.changed = true;
      ++now.readings;
      now.failures += file.problem.empty() ? 0 : 1;
    }
    now.files.emplace(path, std::move(file));
  }
  for (auto& [path, file] : before.files)
    if (!now.problem.empty() || !file.gone) {
      file.gone = true;
      now.files.emplace(path, std::move(file));
    } else {
      now.changed = true;
    }
  if (!now.problem.empty()) {
    ++now.readings;
    ++now.failures;
  }
  return now;
}

} // namespace betanet::config
