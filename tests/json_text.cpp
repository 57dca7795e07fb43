#define CAF_SUITE json_text

#include "pages/json_text_impl.hpp"
#include "tests/suite.hpp"

#include <boost/json.hpp>

using betanet::pages::decimal;
using betanet::pages::json_text;

CAF_TEST(numbers are plain decimals with at most six digits behind the point) {
  CAF_CHECK_EQUAL(decimal(0), "0.0");
  CAF_CHECK_EQUAL(decimal(-0.0), "0.0");
  CAF_CHECK_EQUAL(decimal(4.688432157), "4.688432");
  CAF_CHECK_EQUAL(decimal(0.0000001), "0.0");
  CAF_CHECK_EQUAL(decimal(-0.0000001), "0.0");
  CAF_CHECK_EQUAL(decimal(-1.5), "-1.5");
  CAF_CHECK_EQUAL(decimal(100), "100.0");
  CAF_CHECK_EQUAL(decimal(1732290000.1), "1732290000.1");
  CAF_CHECK_EQUAL(decimal(9007199254740992.0), "9007199254740992.0");
}

CAF_TEST(even the largest number has no exponent) {
  const auto text = decimal(-1.7976931348623157e308);
  CAF_CHECK_EQUAL(text.size(), 312u);
  CHECK_NOT_CONTAINS(text, "e");
}

CAF_TEST(all kinds of values are written) {
  const auto* const text =
      R"({"a":[1,-2,3.5,true,null,"x\"\n"],"\"":{},"b":[]})";
  CAF_CHECK_EQUAL(json_text(boost::json::parse(text)), text);
}
