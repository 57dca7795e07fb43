#include "tests/suite.hpp"

#include <caf/test/unit_test_impl.hpp>
