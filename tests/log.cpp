#define CAF_SUITE log

#include "actors/log.hpp"

#include "tests/fixture.hpp"

#include <boost/json.hpp>

using namespace betanet;
using namespace betanet::testing;

namespace {

/// The line that a value gives, without the time.
std::string line_of(const std::string& value) {
  captured_log captured;
  captured.log.info("m", {{"key", value}});
  return captured.lines().at(0);
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
      {"\xf4\x90\x80\x80", R"(\u00f4\u0090\u0080\u0080)"}, // beyond Unicode
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
