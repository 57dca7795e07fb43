#include "config/file.hpp"

#include "config/quote_impl.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>

namespace betanet::config {

std::string read_file(const std::string& path, std::size_t most) {
  const auto refuse = [&](const char* why) {
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
    throw refuse("too large");
  std::string text(size, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()))
    throw refuse(std::strerror(errno));
  return text;
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
