#define CAF_SUITE log

#include "actors/log.hpp"

#include "tests/command.hpp"
#include "tests/fixture.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include <fcntl.h>

using namespace betanet;
using namespace betanet::testing;

namespace {

/// The line that a value gives, without the time.
std::string line_of(const std::string& value) {
  captured_log captured;
  captured.log.info("m", {{"key", value}});
  return captured.lines().at(0);
}

std::string text_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream{path}.rdbuf();
  return all.str();
}

/// How often a text contains a part.
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

/// What the log of the process writes to stderr while it logs these messages.
std::string stderr_of(const config::log& how,
                      const std::vector<std::string>& messages) {
  const temporary_file captured{""};
  const int to_file = ::open(captured.path.c_str(), O_WRONLY);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(to_file, STDERR_FILENO);
  {
    const auto log = make_log(how);
    for (const auto& m : messages)
      log.info(m);
  }
  spdlog::shutdown(); // returns when all lines are written
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(to_file);
  return text_of(captured.path);
}

} // namespace

CAF_TEST(an event is one line with its level and message) {
  captured_log captured;

  captured.log.debug("a b");
  captured.log.info("c", {{"x", "1"}, {"y", "two words"}});
  captured.log.warn("d", {{"empty", ""}});
  captured.log.error("e");

  CHECK_EQUAL(captured.lines(),
              (std::vector<std::string>{"DEBUG msg=\"a b\"",
                                        "INFO msg=\"c\" x=1 y=\"two words\"",
                                        "WARN msg=\"d\"", "ERROR msg=\"e\""}));
}

CAF_TEST(plain values have no quotes and all others do) {
  CAF_CHECK_EQUAL(line_of("a-b/c:1"), "INFO msg=\"m\" key=a-b/c:1");
  for (const std::string quoted : {"a b", "a=b"})
    CAF_CHECK_EQUAL(line_of(quoted), "INFO msg=\"m\" key=\"" + quoted + "\"");
}

CAF_TEST(text from outside cannot break a line or steer a terminal) {
  const std::pair<std::string, std::string> escaped[] = {
      {"a\"b", R"(a\"b)"},
      {"a\\b", R"(a\\b)"},
      {"a\nb", R"(a\nb)"},
      {"a\rb", R"(a\u000db)"},
      {"a\tb", R"(a\u0009b)"},
      {"\x1b[31m", R"(\u001b[31m)"},
      {"\x7f", R"(\u007f)"},
      {"\xff", R"(\u00ff)"},
      {"\xc3", R"(\u00c3)"},                     // cut short
      {"\xc2\x9b", R"(\u00c2\u009b)"},           // a C1 control character
      {"\xc1\xbf", R"(\u00c1\u00bf)"},           // overlong
      {"\xe0\x9f\xbf", R"(\u00e0\u009f\u00bf)"}, // overlong
      {"\xed\xa0\x80", R"(\u00ed\u00a0\u0080)"}, // a surrogate
      {"\xf0\x8f\xbf\xbf", R"(\u00f0\u008f\u00bf\u00bf)"}, // overlong
      {"\xf4\x90\x80\x80", R"(\u00f4\u0090\u0080\u0080)"}, // beyond Unicode
      {"\xf5\x80\x80\x80", R"(\u00f5\u0080\u0080\u0080)"}, // beyond Unicode
      {"\u200e\u200f", R"(\u200e\u200f)"}, // marks of a direction
      {"\u202a\u202e", R"(\u202a\u202e)"}, // overrides of the direction
      {"\u2066\u2069", R"(\u2066\u2069)"}, // isolates
      {"\u2028\u2029", R"(\u2028\u2029)"}, // ends of lines and paragraphs
  };
  for (const auto& [text, expected] : escaped)
    CAF_CHECK_EQUAL(line_of(text), "INFO msg=\"m\" key=\"" + expected + "\"");
}

CAF_TEST(readable text stays readable) {
  for (const std::string text :
       {"\xc2\xa0", "\xc3\xa9", "\xdf\xbf", "\xe2\x82\xac", "\xed\x9f\xbf",
        "\xef\xbf\xbf", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80",
        "\xf0\x90\x80\x80", "\u200d", "\u2010", "\u2027", "\u202f", "\u2065",
        "\u206a", "\u2e2e"})
    CAF_CHECK_EQUAL(line_of(text), "INFO msg=\"m\" key=\"" + text + "\"");
}

CAF_TEST(a log without a sink writes nothing) {
  event_log{}.error("e", {{"key", "value"}});
}

CAF_TEST(lines go to stderr and to a file that is rotated) {
  const temporary_file file{""};
  const auto former = [&](int n) {
    auto path = file.path; // of spdlog: name.1.yml
    return path.insert(path.rfind('.'), "." + std::to_string(n));
  };
  config::log how;
  how.file = file.path;
  how.max_bytes = 120; // two lines
  how.files = 3;

  const auto text = stderr_of(how, {"m1", "m2", "m3", "m4", "m5", "m6", "m7"});

  CAF_CHECK_EQUAL(count(text, "level=INFO msg=\"m"), 7u);
  CHECK_CONTAINS(text_of(file.path), "msg=\"m7\"");
  CHECK_CONTAINS(text_of(former(1)), "msg=\"m5\"");
  CHECK_CONTAINS(text_of(former(2)), "msg=\"m3\"");
  CAF_CHECK(!std::filesystem::exists(former(3)));
  for (const int n : {1, 2})
    std::filesystem::remove(former(n));
}

CAF_TEST(lines below the configured level are not written) {
  config::log how;

  how.level = config::log_level::info;
  CAF_CHECK_EQUAL(count(stderr_of(how, {"a"}), "msg=\"a\""), 1u);
  how.level = config::log_level::warn;
  CAF_CHECK_EQUAL(stderr_of(how, {"a"}), "");
}

CAF_TEST(a full disk is told once on stderr and takes no line from it) {
  config::log how;
  how.file = "/dev/full"; // no write to it succeeds
  how.format = config::log_format::json;

  const auto text = stderr_of(how, {"a", "b", "c"});

  CAF_CHECK_EQUAL(count(text,
                        "\"level\":\"ERROR\",\"msg\":\"The log file cannot be "
                        "written\",\"error\":\"Failed flush"),
                  1u);
  CAF_CHECK_EQUAL(count(text, "\"level\":\"INFO\""), 3u);
}
