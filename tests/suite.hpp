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
