#include "pages/markup_impl.hpp"

#include <algorithm>
#include <cmath>

namespace betanet::pages {

namespace {

// The pictures are 60 units wide, 3 for each poll, and 16 high.
constexpr auto open_picture = R"(<svg viewBox="0 0 60 16" role="img"><title>)";
constexpr int step = 3;
constexpr int top = 1;
constexpr int bottom = 15;
constexpr int bar_bottom = 16;

/// The middle of the column of a poll.
int column(std::size_t poll) {
  return static_cast<int>(poll) * step + 1;
}

/// A path through the known values, with relative coordinates.
std::string line_path(const metrics::course& values, double largest) {
  std::string path;
  bool connected = false;
  int former = 0;
  for (std::size_t i = 0; i < metrics::kept_polls; ++i) {
    const auto value = values.at(i);
    if (value) {
      const double share = largest > 0 ? *value / largest : 0;
      const int y =
          bottom - static_cast<int>(std::lround(share * (bottom - top)));
      if (connected)
        path += "l" + std::to_string(step) + " " + std::to_string(y - former);
      else // "h0" makes a dot if the next value is unknown
        path +=
            "M" + std::to_string(column(i)) + " " + std::to_string(y) + "h0";
      former = y;
    }
    connected = value.has_value();
  }
  return path;
}

int bar_height(const metrics::poll_mark& p) {
  constexpr int lowest = 5;
  constexpr int highest = 12;
  if (p.result == metrics::quality::bad)
    return bar_bottom;
  return std::min(lowest + 3 * (p.attempts - 1), highest);
}

/// How a character of text is written in HTML, if not as itself.
std::string_view entity_of(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  default:
    return {};
  }
}

} // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text)
    if (const auto entity = entity_of(c); entity.empty())
      out += c;
    else
      out += entity;
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved = "abcdefghijklmnopqrstuvwxyz"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-._~";
  std::string out;
  for (const char c : text)
    if (unreserved.find(c) != unreserved.npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte / 16u], digits[byte % 16u]};
    }
  return out;
}

std::string course_picture(const metrics::course& values,
                           std::string (*text)(double)) {
  std::optional<double> least;
  double largest = 0;
  for (std::size_t i = 0; i < metrics::kept_polls; ++i)
    if (const auto value = values.at(i)) {
      least = std::min(least.value_or(*value), *value);
      largest = std::max(largest, *value);
    }
  if (!least)
    return {};
  return open_picture + escaped(text(*least)) + " to " +
         escaped(text(largest)) + " in the last polls</title><path d=\"" +
         line_path(values, largest) + "\"/></svg>";
}

std::string polls_picture(
    const std::array<metrics::poll_mark, metrics::kept_polls>& polls) {
  std::array<std::string, metrics::all_qualities.size()> paths;
  std::array<int, metrics::all_qualities.size()> counts{};
  for (std::size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].attempts == 0)
      continue;
    const auto kind = static_cast<std::size_t>(polls[i].result);
    ++counts[kind];
    paths[kind] += "M" + std::to_string(column(i)) + " " +
                   std::to_string(bar_bottom) + "v-" +
                   std::to_string(bar_height(polls[i]));
  }
  std::string title;
  std::string bars;
  for (const auto q : metrics::all_qualities) {
    const auto kind = static_cast<std::size_t>(q);
    if (counts[kind] == 0)
      continue;
    title += (title.empty() ? "" : ", ") + std::to_string(counts[kind]) + " " +
             std::string{metrics::name(q)};
    bars += "<path class=\"" + std::string{metrics::name(q)} + "\" d=\"" +
            paths[kind] + "\"/>";
  }
  if (title.empty())
    return "-";
  return open_picture + ("Last polls: " + title) + "</title>" + bars + "</svg>";
}

} // namespace betanet::pages
