#pragma once

#include "config/config.hpp"

#include <spdlog/fwd.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace betanet {

/// A structured event log on top of spdlog: one event, one line, in logfmt or
/// JSON. Any thread. Values may be hostile text; they are escaped.
class event_log {
public:
  using level = config::log_level;
  using fields =
      std::initializer_list<std::pair<std::string_view, std::string_view>>;

  event_log() = default; ///< Writes nothing.

  /// `out` has the line layout of `use_line_format`.
  event_log(std::shared_ptr<spdlog::logger> out, config::log_format format)
      : out_(std::move(out)), format_(format) {}

  /// Fields with an empty value are left out.
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

/// Makes a logger that writes to stderr and, if configured, a rotated file,
/// from a thread of its own: a stuck terminal never holds an actor up. Throws
/// `spdlog::spdlog_ex` if the file cannot be written.
event_log make_log(const config::log& how);

/// Gives `out` the line layout of `format`.
void use_line_format(spdlog::logger& out, config::log_format format);

} // namespace betanet
