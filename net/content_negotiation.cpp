#include "net/content_negotiation.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

namespace betanet::net {

namespace {

/// One element of a list such as `text/plain;version=0.0.4;q=0.5`.
struct offer {
  std::string name;     ///< Lower case.
  std::string version;  ///< Value of the parameter `version`; empty: any.
  std::string escaping; ///< Value of the parameter `escaping`.
  double weight = 1;
};

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

std::string lower(std::string_view s) {
  std::string result{s};
  std::transform(s.begin(), s.end(), result.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return result;
}

/// Removes the part up to the separator from `rest` and returns it.
std::string_view take_part(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::string_view unquoted(std::string_view s) {
  if (s.size() >= 2 && s.front() == '"' && s.back() == '"')
    s = s.substr(1, s.size() - 2);
  return s;
}

/// Empty if the element has a weight that is not valid (RFC 9110, 12.4.2).
std::optional<offer> parse_offer(std::string_view text) {
  offer o;
  o.name = lower(take_part(text, ';'));
  while (!text.empty()) {
    auto value = take_part(text, ';');
    const auto key = lower(take_part(value, '='));
    if (key == "version") {
      o.version = unquoted(value);
    } else if (key == "escaping") {
      o.escaping = unquoted(value);
    } else if (key == "q") {
      const auto [end, ec] =
          std::from_chars(value.data(), value.data() + value.size(), o.weight,
                          std::chars_format::fixed);
      if (ec != std::errc{} || end != value.data() + value.size() ||
          !(o.weight >= 0 && o.weight <= 1))
        return std::nullopt;
    }
  }
  return o;
}

std::vector<offer> parse_offers(std::string_view list) {
  std::vector<offer> all;
  while (!list.empty())
    if (const auto o = parse_offer(take_part(list, ',')); o && !o->name.empty())
      all.push_back(*o);
  return all;
}

/// The offer that decides about a media type; null if there is none. An offer
/// that names the type itself takes precedence over one for its kind
/// (`text/*`), and that over `*/*` (RFC 9110, 12.5.1). Of equal ones, the one
/// with the highest weight decides.
const offer* deciding(const std::vector<offer>& offers, std::string_view type,
                      std::string_view version) {
  const auto kind = std::string{type.substr(0, type.find('/'))} + "/*";
  std::array<const offer*, 3> found{};
  for (const auto& o : offers) {
    const auto exact =
        o.name == type && (o.version.empty() || o.version == version);
    const std::size_t rank = exact             ? 0
                             : o.name == kind  ? 1
                             : o.name == "*/*" ? 2
                                               : found.size();
    if (rank < found.size() && (!found[rank] || found[rank]->weight < o.weight))
      found[rank] = &o;
  }
  for (const auto* f : found)
    if (f)
      return f;
  return nullptr;
}

/// A format and the offer for it; null if the client does not accept it.
struct choice {
  format chosen;
  const offer* by = nullptr;
};

choice choose(const std::vector<offer>& offers) {
  const auto* const openmetrics =
      deciding(offers, "application/openmetrics-text", "1.0.0");
  const auto* const text = deciding(offers, "text/plain", "0.0.4");
  const double text_weight = text ? text->weight : 0;
  if (openmetrics && openmetrics->weight > text_weight)
    return {format::openmetrics_1_0_0, openmetrics};
  return {format::text_0_0_4, text_weight > 0 ? text : nullptr};
}

} // namespace

std::string to_string(format f) {
  switch (f) {
  case format::text_0_0_4:
    return "text_0_0_4";
  case format::openmetrics_1_0_0:
    return "openmetrics_1_0_0";
  }
  return {}; // not reached: every enumerator returns above
}

format preferred_format(std::string_view accept) {
  return choose(parse_offers(accept)).chosen;
}

std::string_view preferred_escaping(std::string_view accept) {
  constexpr std::array<std::string_view, 4> schemes{
      "allow-utf-8", "underscores", "dots", "values"};
  const auto offers = parse_offers(accept);
  const auto* const by = choose(offers).by;
  for (const auto scheme : schemes)
    if (by && by->escaping == scheme)
      return scheme;
  return {};
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<double> gzip, identity, any;
  for (const auto& o : parse_offers(accept_encoding)) {
    if (o.name == "gzip" || o.name == "x-gzip")
      gzip = o.weight;
    else if (o.name == "identity")
      identity = o.weight;
    else if (o.name == "*")
      any = o.weight;
  }
  const double wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

} // namespace betanet::net
