#include "config/file.hpp"

#include "config/quote_impl.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace betanet::config {

namespace {

/// Whether a folder is of /proc or /sys, where nobody can create a file. Some
/// other file systems cannot create one without a name either.
bool shows_the_kernel(const std::filesystem::path& folder) {
  struct statfs about {};
  return ::statfs(folder.c_str(), &about) == 0 &&
         (about.f_type == PROC_SUPER_MAGIC || about.f_type == SYSFS_MAGIC);
}

} // namespace

std::string read_file(const std::string& path, std::size_t most) {
  const auto refuse = [&](const std::string& why) {
    return std::runtime_error("cannot read " + path_for_message(path) + ": " +
                              why);
  };
  // O_NONBLOCK: otherwise opening a named pipe would wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    throw refuse(std::strerror(errno));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in{::fdopen(fd, "rb"),
                                                           std::fclose};
  struct stat about {};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
    throw refuse("not a regular file");
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > most)
    throw refuse("larger than " + std::to_string(most) + " bytes");
  std::string text(size, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()))
    throw refuse(std::strerror(errno));
  return text;
}

std::string write_problem(const std::string& file) {
  namespace fs = std::filesystem;
  const auto refuse = [](const fs::path& what, int error) {
    return "cannot write " + path_for_message(what.string()) + ": " +
           std::strerror(error) +
           ", a file in a folder that can be written is expected";
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
  auto folder = fs::weakly_canonical(fs::absolute(file), unknown).parent_path();
  while (!fs::exists(folder, unknown) && folder.has_relative_path())
    folder = folder.parent_path();
  const int probe = ::open(folder.c_str(), O_TMPFILE | O_WRONLY, 0600);
  const int why = errno;
  if (probe >= 0)
    ::close(probe);
  if (probe >= 0 || (why == EOPNOTSUPP && !shows_the_kernel(folder)))
    return {};
  return refuse(folder, why);
}

std::string exposure_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !(about.st_mode & S_IROTH))
    return {};
  return path_for_message(path) +
         " holds a secret and every user of this machine can read it; "
         "chmod o-r would end that";
}

} // namespace betanet::config
