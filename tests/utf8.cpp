#define CAF_SUITE utf8

#include "config/utf8_impl.hpp"
#include "tests/suite.hpp"

#include <utility>

using namespace betanet::config;

CAF_TEST(a character is read with the number of its bytes) {
  const std::pair<std::string, char32_t> table[] = {
      {{'\0'}, 0},
      {"\x7f", 0x7f},
      {"\xc2\x80", 0x80},
      {"\xdf\xbf", 0x7ff},
      {"\xe0\xa0\x80", 0x800},
      {"\xed\x9f\xbf", 0xd7ff},
      {"\xee\x80\x80", 0xe000},
      {"\xef\xbf\xbf", 0xffff},
      {"\xf0\x90\x80\x80", 0x10000},
      {"\xf4\x8f\xbf\xbf", 0x10ffff},
  };

  for (const auto& [bytes, code] : table) {
    const auto c = character_at("ab" + bytes + "c", 2);
    CAF_REQUIRE(c.has_value());
    CHECK_EQUAL(static_cast<unsigned>(c->code), static_cast<unsigned>(code));
    CAF_CHECK_EQUAL(c->size, bytes.size());
    CAF_CHECK(character_at(bytes, 0).has_value());
  }
}

CAF_TEST(bytes that RFC 3629 does not allow are no character) {
  for (const std::string bytes : {
           "\x80",             // not a first byte
           "\xc1\xbf",         // overlong
           "\xe0\x9f\xbf",     // overlong
           "\xf0\x8f\xbf\xbf", // overlong
           "\xed\xa0\x80",     // the first surrogate
           "\xed\xbf\xbf",     // the last surrogate
           "\xf4\x90\x80\x80", // beyond Unicode
           "\xf5\x80\x80\x80", // beyond Unicode
           "\xff",             // in no character
           "\xc2",             // cut short
           "\xe2\x82",         // cut short
           "\xf0\x90\x80",     // cut short
           "\xc2\xc2",         // a first byte follows
           "\xe2\x82x",        // ASCII follows
           "\xe2x\xac",        // ASCII follows
       })
    CAF_CHECK(!character_at(bytes, 0).has_value());
}

CAF_TEST(the control characters are those of ASCII and of Latin 1) {
  for (const char32_t code : {0x00, 0x1f, 0x7f, 0x80, 0x9f})
    CAF_CHECK(is_control(code));
  for (const char32_t code : {0x20, 0x7e, 0xa0, 0x200b})
    CAF_CHECK(!is_control(code));
}
