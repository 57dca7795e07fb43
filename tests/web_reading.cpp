#define CAF_SUITE web_reading

#include "actors/web_reading.hpp"

#include "tests/command.hpp"
#include "tests/suite.hpp"

using namespace betanet;
using testing::temporary_file;

namespace {

const std::string with_login =
    "basic_auth_users: {ann: "
    "$2y$10$abcdefghijklmnopqrstuuAuXeCk6cDyT9B/LbcW23Nl3ca8XWmMS}\n";

constexpr auto no_secret = "http_server_config: {http2: false}\n";

/// The number of warnings about a file of this text, which others may read.
std::size_t warnings_about(const std::string& text, bool others_read) {
  using std::filesystem::perms;
  const temporary_file file{text};
  std::filesystem::permissions(file.path, others_read ? perms::owner_read |
                                                            perms::others_read
                                                      : perms::owner_read);
  const auto reading = read_web(file.path, {});
  CAF_CHECK_EQUAL(reading.problem, "");
  return reading.found.warnings.size();
}

} // namespace

CAF_TEST(a file with a secret that others can read is a warning) {
  CAF_CHECK_EQUAL(warnings_about(with_login, true), 1u);
  CAF_CHECK_EQUAL(warnings_about(with_login, false), 0u);
  CAF_CHECK_EQUAL(warnings_about(no_secret, true), 0u);
  CAF_CHECK_EQUAL(warnings_about(no_secret, false), 0u);
}

CAF_TEST(a problem names the file and leaves the latest reading) {
  const temporary_file good{with_login};
  const temporary_file bad{"basic_auth_user: {}\n"};
  const auto last = read_web(good.path, {});

  const auto missing = read_web(good.path + ".missing", last);
  const auto broken = read_web(bad.path, last);

  CAF_CHECK_EQUAL(last.problem, "");
  CHECK_CONTAINS(missing.problem, good.path + ".missing");
  CHECK_CONTAINS(broken.problem, bad.path + ":1:1: basic_auth_user");
  CAF_CHECK_EQUAL(missing.found.users.size(), 1u);
}
