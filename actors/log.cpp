#include "actors/log.hpp"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>

namespace betanet {

namespace {

constexpr spdlog::level::level_enum spdlog_level(event_log::level l) {
  switch (l) {
  case event_log::level::debug:
    return spdlog::level::debug;
  case event_log::level::info:
    return spdlog::level::info;
  case event_log::level::warn:
    return spdlog::level::warn;
  case event_log::level::error:
    return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::string_view name(spdlog::level::level_enum l) {
  switch (l) {
  case spdlog::level::trace:
  case spdlog::level::debug:
    return "DEBUG";
  case spdlog::level::info:
    return "INFO";
  case spdlog::level::warn:
    return "WARN";
  default: // the other levels of spdlog: err, critical, off
    return "ERROR";
  }
}

/// How often it is reported that lines cannot be written.
constexpr std::chrono::minutes failures_told_every{1};

/// The length of the UTF-8 sequence that begins at `i`; 0 if it is invalid
/// (RFC 3629, section 4) or a C1 control character.
std::size_t sequence_length(std::string_view s, std::size_t i) {
  const auto lead = static_cast<unsigned char>(s[i]);
  const std::size_t n = lead < 0xc2   ? 0
                        : lead < 0xe0 ? 2
                        : lead < 0xf0 ? 3
                        : lead < 0xf5 ? 4
                                      : 0;
  if (n == 0 || i + n > s.size())
    return 0;
  for (std::size_t j = 1; j < n; ++j)
    if ((static_cast<unsigned char>(s[i + j]) & 0xc0) != 0x80)
      return 0;
  const auto second = static_cast<unsigned char>(s[i + 1]);
  const bool overlong =
      (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool beyond =
      (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  const bool c1_control = lead == 0xc2 && second < 0xa0;
  return overlong || beyond || c1_control ? 0 : n;
}

/// The code point of a valid sequence of three bytes.
unsigned code_point(std::string_view s) {
  const auto bits = [&](std::size_t i) {
    return static_cast<unsigned char>(s[i]) & 0x3FU;
  };
  return (bits(0) & 0xFU) << 12 | bits(1) << 6 | bits(2);
}

/// Whether a sequence ends a line or changes the direction of the text around
/// it (Unicode Standard Annex 9, 2), so that a line would show what it does not
/// say.
bool steers_text(std::string_view sequence) {
  if (sequence.size() != 3)
    return false;
  const auto c = code_point(sequence);
  return (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

/// Appends `s` as a JSON string in double quotes. `s` may contain any bytes.
void append_quoted(std::string& out, std::string_view s) {
  constexpr auto hex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c == '"' || c == '\\') {
      out += {'\\', s[i]};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c >= 0x20 && c < 0x7f) {
      out += s[i];
    } else if (const auto n = c < 0x80 ? 0 : sequence_length(s, i)) {
      const auto sequence = s.substr(i, n);
      if (steers_text(sequence)) {
        const auto code = code_point(sequence);
        out += "\\u20";
        out += {hex[code >> 4 & 15], hex[code & 15]};
      } else {
        out += sequence;
      }
      i += n - 1;
    } else {
      out += {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    }
  }
  out += '"';
}

/// Whether `s` can be written without quotes as a value in logfmt.
bool plain(std::string_view s) {
  for (const char c : s)
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
      return false;
  return !s.empty();
}

void append_field(std::string& line, config::log_format format,
                  std::string_view key, std::string_view value, bool quote) {
  const bool json = format == config::log_format::json;
  if (!line.empty())
    line += json ? ',' : ' ';
  if (json)
    append_quoted(line, key);
  else
    line += key;
  line += json ? ':' : '=';
  if (json || quote || !plain(value))
    append_quoted(line, value);
  else
    line += value;
}

/// Implements the flag `%*` of the pattern: the name of the level.
class level_flag : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& msg, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const auto text = name(msg.level);
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<level_flag>();
  }
};

} // namespace

bool event_log::writes(level l) const {
  return out_ && out_->should_log(spdlog_level(l));
}

void event_log::write(level l, std::string_view msg, fields extra) const {
  if (!writes(l))
    return;
  std::string line;
  append_field(line, format_, "msg", msg, true);
  for (const auto& [key, value] : extra)
    if (!value.empty())
      append_field(line, format_, key, value, false);
  out_->log(spdlog_level(l), spdlog::string_view_t{line.data(), line.size()});
}

void use_line_format(spdlog::logger& out, config::log_format format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<level_flag>('*').set_pattern(
      format == config::log_format::json
          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%*",%v})"
          : "time=%Y-%m-%dT%H:%M:%S.%e%z level=%* %v");
  out.set_formatter(std::move(formatter));
}

/// Reports lines that could not be written, such as those to a full disk, on
/// stderr.
void report_failures(spdlog::logger& out, config::log_format format) {
  auto to_stderr = std::make_shared<spdlog::logger>(
      "failures", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  use_line_format(*to_stderr, format);
  out.set_error_handler([log = event_log{std::move(to_stderr), format},
                         told = std::chrono::steady_clock::time_point{}](
                            const std::string& what) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (told != decltype(told){} && now - told < failures_told_every)
      return;
    told = now;
    log.error("The log file cannot be written", {{"error", what}});
  });
}

event_log make_log(const config::log& how) {
  // Each takes 376 bytes from the start. The lines that 200 failing targets
  // write at once, one for each endpoint, fit in.
  constexpr std::size_t queued_lines = 1024;
  std::vector<spdlog::sink_ptr> sinks{
      std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  if (!how.file.empty())
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        how.file, how.max_bytes, static_cast<std::size_t>(how.files - 1)));
  spdlog::init_thread_pool(queued_lines, 1);
  auto out = std::make_shared<spdlog::async_logger>(
      "betanet", sinks.begin(), sinks.end(), spdlog::thread_pool(),
      spdlog::async_overflow_policy::overrun_oldest);
  out->set_level(spdlog_level(how.level));
  out->flush_on(spdlog::level::debug);
  use_line_format(*out, how.format);
  report_failures(*out, how.format);
  return {std::move(out), how.format};
}

} // namespace betanet
