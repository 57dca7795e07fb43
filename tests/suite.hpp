#pragma once

// Every suite includes this after `#define CAF_SUITE name`.
#define FAIL CAF_FAIL // the DSL uses it and does not define it
#include "tests/print.hpp"

#include <caf/test/dsl.hpp>

/// Like CAF_CHECK_EQUAL, but also prints types that CAF cannot print: optional
/// values, enumerators, durations (in seconds), and containers of these.
#define CHECK_EQUAL(x, y)                                                      \
  do {                                                                         \
    const auto d___ = ::betanet::testing::difference(x, y);                    \
    ::caf::test::detail::check(                                                \
        ::caf::test::engine::current_test(), __FILE__, __LINE__,               \
        (#x " == " #y ": " + d___.value_or("equal")).c_str(), false, !d___);   \
    ::caf::test::engine::last_check_file(__FILE__);                            \
    ::caf::test::engine::last_check_line(__LINE__);                            \
  } while (false)

/// Like CHECK_EQUAL, but ends the test if the values differ.
#define REQUIRE_EQUAL(x, y)                                                    \
  do {                                                                         \
    if (const auto d___ = ::betanet::testing::difference(x, y))                \
      CAF_FAIL(#x " == " #y ": " << *d___);                                    \
  } while (false)

/// Checks that a text contains a part, and prints both if it does not.
#define CHECK_CONTAINS(text, part)                                             \
  do {                                                                         \
    const auto d___ = ::betanet::testing::search_failure(text, part, true);    \
    ::caf::test::detail::check(                                                \
        ::caf::test::engine::current_test(), __FILE__, __LINE__,               \
        (#text " contains " #part ": " + d___.value_or("yes")).c_str(), false, \
        !d___);                                                                \
    ::caf::test::engine::last_check_file(__FILE__);                            \
    ::caf::test::engine::last_check_line(__LINE__);                            \
  } while (false)

/// Checks that a text does not contain a part, and prints both if it does.
#define CHECK_NOT_CONTAINS(text, part)                                         \
  do {                                                                         \
    const auto d___ = ::betanet::testing::search_failure(text, part, false);   \
    ::caf::test::detail::check(                                                \
        ::caf::test::engine::current_test(), __FILE__, __LINE__,               \
        (#text " lacks " #part ": " + d___.value_or("yes")).c_str(), false,    \
        !d___);                                                                \
    ::caf::test::engine::last_check_file(__FILE__);                            \
    ::caf::test::engine::last_check_line(__LINE__);                            \
  } while (false)
