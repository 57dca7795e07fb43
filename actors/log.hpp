#pragma once

#include "config/config.hpp"

#include <spdlog/fwd.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace betanet {

/// A structured log on top of spdlog. It writes each event as one line in
/// logfmt or JSON and escapes all values. May be used from any thread.
class event_log {
public:
  using level = config::log_level;
  using fields =
      std::initializer_list<std::pair<std::string_view, std::string_view>>;

  event_log() = default; ///< A log that writes nothing.

  /// `use_line_format` must have been called for `out`.
  event_log(std::shared_ptr<spdlog::logger> out, config::log_format format)
      : out_(std::move(out)), format_(format) {}

  /// Whether events of this level are written: if not, a caller need not make
  /// their text.
  bool writes(level l) const;

  /// Writes one event. Fields with an empty value are left out.
  void write(level l, std::string_view msg, fields extra = {}) const;

  void debug(std::string_view msg, fields extra = {}) const {
    write(level::debug, msg, extra);
  }
  void info(std::string_view msg, fields extra = {}) const {
    write(level::info, msg, extra);
  }
  void warn(std::string_view msg, fields extra = {}) const {
    write(level::warn, msg, extra);
  }
  void error(std::string_view msg, fields extra = {}) const {
    write(level::error, msg, extra);
  }

private:
  std::shared_ptr<spdlog::logger> out_;
  config::log_format format_ = config::log_format::logfmt;
};

/// Makes a log that writes to stderr and, if configured, to a rotated file. It
/// writes in a thread of its own, so that a blocked terminal does not block the
/// actors; when its queue is full, the oldest lines are lost. Throws
/// `spdlog::spdlog_ex` if the file cannot be written.
event_log make_log(const config::log& how);

/// Sets the pattern of `out` to that of the lines of `format`.
void use_line_format(spdlog::logger& out, config::log_format format);

} // namespace betanet
