#pragma once

#include <string_view>

/// The parts of the status page that do not depend on what it shows.
namespace betanet::pages {

/// The style sheet.
extern const std::string_view page_style;

/// The script that keeps the page up to date and makes the filter work. The
/// page is complete without it.
extern const std::string_view page_script;

} // namespace betanet::pages
