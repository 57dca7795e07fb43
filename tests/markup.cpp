#define CAF_SUITE markup

#include "pages/markup_impl.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using namespace betanet::pages;

namespace {

std::string plain(double n) {
  return std::to_string(static_cast<int>(n));
}

std::string path_of(const std::string& picture) {
  const auto begin = picture.find("d=\"") + 3;
  return picture.substr(begin, picture.find('"', begin) - begin);
}

} // namespace

CAF_TEST(text is escaped) {
  CAF_CHECK_EQUAL(escaped("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;'");
  CAF_CHECK_EQUAL(percent_encoded("aZ09-._~"), "aZ09-._~");
  CAF_CHECK_EQUAL(percent_encoded("a b&\"\xC3\xA9"), "a%20b%26%22%C3%A9");
}

CAF_TEST(a course is a line with gaps where values are unknown) {
  metrics::course c;
  for (const auto value : {10.0, 5.0, 0.0})
    c.push(value);
  c.push({});
  c.push(10);

  const auto picture = course_picture(c, plain);

  CAF_CHECK_EQUAL(path_of(picture), "M46 1h0l3 7l3 7M58 1h0");
  CHECK_CONTAINS(picture, "<title>0 to 10 in");
}

CAF_TEST(a course of small values is as high as one of large values) {
  metrics::course c;
  c.push(0.25);
  c.push(0.5);

  CAF_CHECK_EQUAL(path_of(course_picture(c, plain)), "M55 8h0l3 -7");
}

CAF_TEST(a full course begins at the left) {
  metrics::course c;
  c.push(10);
  for (std::size_t i = 1; i < metrics::kept_polls; ++i)
    c.push(5);

  const auto picture = course_picture(c, plain);

  CAF_CHECK_EQUAL(path_of(picture).substr(0, 14), "M1 1h0l3 7l3 0");
  CHECK_CONTAINS(picture, "<title>5 to 10 in");
}

CAF_TEST(a course of zeros is a line at the bottom) {
  metrics::course c;
  c.push(0);
  c.push(0);

  CAF_CHECK_EQUAL(path_of(course_picture(c, plain)), "M55 15h0l3 0");
}

CAF_TEST(an unknown course has no picture) {
  CAF_CHECK_EQUAL(course_picture({}, plain), "");
}

CAF_TEST(bad polls are full bars and others are higher with more attempts) {
  using metrics::quality;
  std::array<metrics::poll_mark, metrics::kept_polls> polls{};
  CAF_CHECK_EQUAL(polls_picture(polls), "-");

  polls[0] = {quality::bad, 1};
  polls[1] = {quality::good, 1};
  polls[18] = {quality::good, 2};
  polls[19] = {quality::partial, 255};
  const auto picture = polls_picture(polls);

  for (const std::string part :
       {"Last polls: 2 good, 1 partial, 1 bad",
        "class=\"good\" d=\"M4 16v-5M55 16v-8\"",
        "class=\"partial\" d=\"M58 16v-12\"", "class=\"bad\" d=\"M1 16v-16\""})
    if (picture.find(part) == picture.npos)
      CAF_FAIL("missing: " << part << " in " << picture);
}
