#pragma once

// What every suite includes after `#define CAF_SUITE name`.
#define FAIL CAF_FAIL // the DSL needs it and does not define it
#include <caf/test/dsl.hpp>
