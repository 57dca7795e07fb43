#pragma once

#include "metrics/snapshot.hpp"

#include <string>
#include <string_view>

/// Pieces of HTML and SVG.
namespace betanet::pages {

/// Text as it may stand between tags and in a quoted attribute.
std::string escaped(std::string_view text);

/// Text as it may stand in the query of a URL (RFC 3986, 2.3).
std::string percent_encoded(std::string_view text);

/// A picture of the course of a value: a line from the oldest poll on the left
/// to the latest on the right, with gaps where the value is unknown. Its bottom
/// is 0 and its top the largest value. Empty if no value is known. `text`
/// formats values in the title.
std::string course_picture(const metrics::course& values,
                           std::string (*text)(double));

/// A picture of the latest polls: one bar for each, the latest on the right. A
/// bad poll is a full bar; others are the higher, the more attempts they took.
std::string
polls_picture(const std::array<metrics::poll_mark, metrics::kept_polls>& polls);

} // namespace betanet::pages
